import { PlatformError, toPlatformError } from '@convergence/core/errors.ts'
import type { Delivery } from '@convergence/core/messages.ts'
import { linkName, markerName } from '@convergence/core/names.ts'
import {
  linkMarker,
  marker as markerSchema,
  NOTHING,
  type LinkMarker,
  type Marker,
  type PlanHead,
} from '@convergence/core/plan.ts'
import { stepIs } from '@convergence/core/run/run.ts'
import type { IngestStep } from '@convergence/core/config/pipeline.ts'
import type { Json } from '../connectors/connector.ts'
import { connectorContext, connectorOf } from '../connectors/registry.ts'
import { createDocument, documentExists, readDocument } from '../documents.ts'
import { mapLimited } from '../map-limited.ts'
import { freezeManifest } from '../load/manifest.ts'
import { carryLaneOn, type LaneWork } from '../plan/lanes.ts'
import { readQuarantined } from '../replay/read-quarantined.ts'
import { takeMarker } from '../replay/take-marker.ts'
import { readSlot, requirePlan } from '../plan/read-plan.ts'
import { afterAttempts, sendTask, withBackoff, type StepContext } from '../stage.ts'
import { addResults } from './add-results.ts'
import { readLink } from './read-link.ts'

/**
 * A chunk task: reads one link of its slot, leaves parts under names that nobody else uses, and creates a marker that names them. Who
 * finds the marker there adopts it, and still does what comes after it: so a second delivery, an old attempt that wakes up, or a crash
 * between any two calls neither loses nor doubles a row.
 */
export const processChunk = async (
  context: StepContext<IngestStep>,
  delivery: Delivery,
  task: { chunk: number; link: number },
): Promise<void> => {
  if (!stepIs(context.run, context.at.stepId, 'RUNNING')) return
  const plan = await requirePlan(context)
  const name = markerName(context.at, task.chunk)
  if (!(await documentExists(context, name))) {
    const marker = (await takeMarker(context, plan, task.chunk)) ?? (await attempt(context, plan, delivery, task))
    if (!marker) return
    const { counts } = (await createDocument(context, name, markerSchema, marker)).result
    context.ports.log.debug('chunk done', { chunk: task.chunk, ...counts })
  }
  await carryLaneOn(chunkLanes(context, plan), task.chunk)
}

/** Undefined: the slot goes on in another link, whose task is enqueued. */
const attempt = async (
  context: StepContext<IngestStep>,
  plan: PlanHead,
  delivery: Delivery,
  task: { chunk: number; link: number },
): Promise<Marker | undefined> => {
  const { label, slot } = await readSlot(context, plan, task.chunk)
  const base = { version: 1, chunk: task.chunk, label } as const
  try {
    const last = await walkOn(context, plan, { ...task, slot })
    if (!last) return undefined
    const links = [...(await linksBefore(context, task)), last]
    return { ...base, status: 'done', result: addResults(links.map((link) => link.result)) }
  } catch (thrown) {
    const error = toPlatformError(thrown)
    if (error.retryable && delivery.attempt < context.step.retry.max_attempts) {
      context.ports.log.debug('chunk failed', { chunk: task.chunk, link: task.link, code: error.code })
      throw await withBackoff(error, context, delivery)
    }
    context.ports.log.warn('chunk rejected', { chunk: task.chunk, label, code: error.code, reason: error.message })
    return { ...base, status: 'rejected', result: NOTHING, error: afterAttempts(error, delivery) }
  }
}

/** Reads the link, or adopts it where another has, and enqueues what follows it. */
const walkOn = async (
  context: StepContext<IngestStep>,
  plan: PlanHead,
  at: { chunk: number; link: number; slot: Json },
): Promise<LinkMarker | undefined> => {
  const name = linkName(context.at, at.chunk, at.link)
  const standing = await readDocument(context, name, linkMarker)
  let link = standing ?? (await readNow(context, plan, at))
  // A slot of a single link needs no marker but the slot's own.
  if (!standing && (at.link > 0 || link.continuation !== undefined))
    link = await createDocument(context, name, linkMarker, link)
  if (link.continuation === undefined) return link
  const { runId, stepId } = context.at
  const next = { chunk: at.chunk, link: at.link + 1 }
  await sendTask(
    context,
    'chunks',
    { type: 'chunk', runId, stepId, ...next },
    { name: [runId, stepId, 'chunk', next.chunk, next.link] },
  )
  return undefined
}

const readNow = async (
  context: StepContext<IngestStep>,
  plan: PlanHead,
  at: { chunk: number; link: number; slot: Json },
): Promise<LinkMarker> => {
  context.ports.log.debug('chunk begun', { chunk: at.chunk, link: at.link })
  if (plan.quarantine) return readQuarantined(context, plan, at)
  const continuation = await continuationOf(context, at)
  // Of a window that is cut into slots each keeps its own part, whatever its source sends: a row at an edge belongs to one of them.
  const window = connectorOf(context).slotWindow?.(connectorContext(context, { plan }), at.slot)
  const own = plan.window && window ? { ...plan, window: { ...plan.window, ...window } } : plan
  return readLink(context, own, { ...at, continuation })
}

/** Where the link before ended; undefined: this is the first. */
const continuationOf = async (
  context: StepContext,
  { chunk, link }: { chunk: number; link: number },
): Promise<Json | undefined> => (link === 0 ? undefined : (await requireLink(context, chunk, link - 1)).continuation)

const linksBefore = (context: StepContext, { chunk, link }: { chunk: number; link: number }): Promise<LinkMarker[]> =>
  mapLimited(
    Array.from({ length: link }, (_, before) => before),
    READS,
    (before) => requireLink(context, chunk, before),
  )

/** Link markers read at the same time. */
const READS = 16

const requireLink = async (context: StepContext, chunk: number, link: number): Promise<LinkMarker> => {
  const found = await readDocument(context, linkName(context.at, chunk, link), linkMarker)
  if (found) return found
  throw new PlatformError(
    'INTERNAL',
    false,
    `link ${link} of chunk ${chunk} has no marker, although its next was enqueued`,
  )
}

/** The lanes of a step's chunks: what follows a marker. */
export const chunkLanes = (context: StepContext, plan: PlanHead): LaneWork => {
  const { runId, stepId } = context.at
  return {
    total: plan.chunks,
    lanes: plan.lanes,
    isDone: (chunk) => documentExists(context, markerName(context.at, chunk)),
    enqueue: (chunk) =>
      sendTask(
        context,
        'chunks',
        { type: 'chunk', runId, stepId, chunk, link: 0 },
        { name: [runId, stepId, 'chunk', chunk, 0] },
      ),
    finish: () => freezeManifest(context, plan),
  }
}

import type { IngestStep } from '@convergence/core/config/pipeline.ts'
import type { Queue, StepCommand } from '@convergence/core/messages.ts'
import { linkName } from '@convergence/core/names.ts'
import { linkMarker } from '@convergence/core/plan.ts'
import { documentExists, readDocument } from '../documents.ts'
import { resumeManifest } from '../load/manifest.ts'
import { countUnbounded, firstGaps } from '../plan/lanes.ts'
import { readPlan } from '../plan/read-plan.ts'
import { chunkLanes } from '../process/process-chunk.ts'
import { sendTask, type StepContext } from '../stage.ts'

const JOBS = { ingest: 'ingest-jobs', dq: 'dq-jobs', transform: 'transform-jobs' } as const satisfies Record<
  StepContext['step']['type'],
  Queue
>

/**
 * Sends again what may have been lost of a step that its stage has begun: of each lane the first gap and nothing behind it, or the next
 * look at its job. Where nothing was lost, two do the same work, and the second adopts what the first leaves. A used task name is refused
 * for an hour, so `tick` (the time in milliseconds) makes these names, and those that follow from them, new.
 */
export const resumeStep = async (
  context: StepContext,
  { tick, chunk: only }: { readonly tick: number; readonly chunk?: number | undefined },
): Promise<void> => {
  if (context.state.status === 'PUBLISHING') return look(context, 'step.publish', tick)
  const plan = context.step.type === 'ingest' ? await readPlan(context) : undefined
  if (!plan) return look(context, 'step.run', tick)
  const ingest = context as StepContext<IngestStep>
  const gaps = await firstGaps(chunkLanes(ingest, plan))
  if (gaps.length === 0) return resumeManifest(ingest, plan, tick)
  for (const chunk of gaps.filter((gap) => (only ?? gap) === gap)) await resumeChunk(ingest, chunk, tick)
}

const look = (context: StepContext, command: StepCommand['type'], tick: number): Promise<void> => {
  const { runId, stepId } = context.at
  return sendTask(
    context,
    JOBS[context.step.type],
    { type: 'step', runId, stepId, command, tick },
    { name: [runId, stepId, command, 'again', tick] },
  )
}

/** A chunk that has no marker, from the link at which it stopped. */
const resumeChunk = async (context: StepContext<IngestStep>, chunk: number, tick: number): Promise<void> => {
  const { runId, stepId } = context.at
  const link = await openLink(context, chunk)
  await sendTask(
    context,
    'chunks',
    { type: 'chunk', runId, stepId, chunk, link },
    { name: [runId, stepId, 'chunk', chunk, link, 'again', tick] },
  )
}

/** Links of a chunk that has no marker yet. */
export const countLinks = (context: StepContext, chunk: number): Promise<number> =>
  countUnbounded((link) => documentExists(context, linkName(context.at, chunk, link)))

/** The first link without a marker; the last one with, where the slot ended with it and only the slot's own marker is missing. */
const openLink = async (context: StepContext, chunk: number): Promise<number> => {
  const links = await countLinks(context, chunk)
  if (links === 0) return 0
  const last = await readDocument(context, linkName(context.at, chunk, links - 1), linkMarker)
  return last?.continuation === undefined ? links - 1 : links
}

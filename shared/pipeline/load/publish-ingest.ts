import type { IngestStep } from '@convergence/core/config/pipeline.ts'
import { largestCursor } from '@convergence/core/cursor.ts'
import { WHOLE_TABLE } from '@convergence/core/ledger.ts'
import type { Problem } from '@convergence/core/messages.ts'
import { toPlatformError } from '@convergence/core/errors.ts'
import type { ManifestHead, PlanHead } from '@convergence/core/plan.ts'
import type { PublishJob } from '@convergence/core/ports/warehouse.ts'
import type { Receipt } from '@convergence/core/receipt.ts'
import type { Published } from '@convergence/core/run/advance.ts'
import type { TableRef } from '@convergence/core/table.ts'
import { resourceOf } from '../connectors/registry.ts'
import { gateWarnings, passGate } from '../dq/gate.ts'
import { moveCursor } from '../plan/cursor.ts'
import { requirePlan } from '../plan/read-plan.ts'
import { asProblem, failStep, sendEvent, targetOf, type StepContext } from '../stage.ts'
import { countFiles, readFiles, readManifest } from './manifest.ts'
import { driveFence, releaseLedger, walkOwn, type DoneJob, type FenceResult, type Publication } from './fence.ts'
import { loadQuarantine } from './load-quarantine.ts'
import { refuseChunks, refuseRejects, refuseStillRejected } from './max-rejected.ts'
import { pollPublish } from './poll-publish.ts'
import { replacedBy, withoutNewer } from './partitions.ts'
import { ingestWarnings } from './ingest-warnings.ts'
import { ownRows, sourceOf, stageParts, type Staging } from './stage-parts.ts'
import { imbalanceOf, readReceipt, recordReceipt, rowsOf, writeReceipt } from './settle.ts'

/**
 * Publishes a frozen ingest step. Called again and again, by its command and by polls, until the step has ended: each call goes as far as
 * it can without waiting. Quarantine first, so that rejected rows can be looked at whatever becomes of the step; then the checks on the
 * manifest and on the staged rows; then the one publishing job; then receipt, cursor, and the event.
 */
export const publishIngest = (context: StepContext<IngestStep>, tick: number): Promise<void> =>
  pollPublish(context, { queue: 'ingest-jobs', tick }, () => publishOnce(context))

const publishOnce = async (context: StepContext<IngestStep>): Promise<number | undefined> => {
  const plan = await requirePlan(context)
  const manifest = await readManifest(context)
  const receipt = await readReceipt(context)
  if (receipt) return finish(context, plan, manifest, receipt)
  // Rows that come from quarantine and stay rejected stay where they are: the publish says so.
  const quarantined = plan.quarantine ? 'done' : await loadQuarantine(context, manifest, ownRows(context, plan))
  if (quarantined === 'stopped') return undefined
  if (quarantined !== 'done') return quarantined
  try {
    if (plan.quarantine) refuseChunks(manifest)
    else refuseRejects(context.step, plan, manifest, resourceOf(context).allow_empty)
  } catch (error) {
    await failStep(context, asProblem(toPlatformError(error)), { ...manifest.counts, loaded: 0 })
    return undefined
  }
  const staged = await stageUnlessPublished(context, plan, manifest)
  if (staged.outcome === 'running') return staged.waitMs
  if (staged.outcome === 'failed') return answer(context, plan, manifest, staged)
  const gate = await passGate(context, plan, manifest, staged.tables)
  if (gate.outcome === 'running') return gate.waitMs
  if (gate.outcome === 'refused') {
    await failStep(context, gate.problem, { ...manifest.counts, loaded: 0 })
    return undefined
  }
  const publication = publicationOf(context, plan, manifest, staged.tables)
  return answer(context, plan, manifest, await driveFence(context, publication))
}

/** The publish drops what was staged for it: once it is there, nothing is staged again, and while it runs its end is awaited. */
const stageUnlessPublished = async (
  context: StepContext<IngestStep>,
  plan: PlanHead,
  manifest: ManifestHead,
): Promise<Staging> => {
  const { maxPartsPerJob, pollMs } = context.ports.warehouse.capabilities
  const isLarge = countFiles(manifest, 'parts') > maxPartsPerJob
  const live = isLarge ? (await walkOwn(context, context.state.stem ?? '')).live : undefined
  if (!live) return stageParts(context, plan, manifest)
  return live.status.state === 'done' ? { outcome: 'staged', tables: [] } : { outcome: 'running', waitMs: pollMs }
}

const answer = async (
  context: StepContext<IngestStep>,
  plan: PlanHead,
  manifest: ManifestHead,
  result: FenceResult,
): Promise<number | undefined> => {
  switch (result.outcome) {
    case 'running':
      return result.waitMs
    case 'stopped':
      return undefined
    case 'failed':
      await failStep(
        context,
        { code: result.failure.code, message: result.failure.message },
        { ...manifest.counts, loaded: 0 },
      )
      return undefined
    case 'superseded':
      await succeed(context, plan, manifest, undefined)
      return undefined
    case 'published':
      return finish(context, plan, manifest, await settleIngest(context, result, { plan, manifest }))
  }
}

const publicationOf = (
  context: StepContext<IngestStep>,
  plan: PlanHead,
  manifest: ManifestHead,
  tables: readonly TableRef[] | undefined,
): Publication => {
  return {
    stem: context.state.stem ?? '',
    target: targetOf(context),
    partitions: replacedBy(plan.strategy),
    plannedAtMs: Date.parse(plan.plannedAt),
    // What was replaced since is not to be added to.
    untouched: plan.quarantine && (plan.quarantine.partitions ?? [WHOLE_TABLE]),
    job: (left) => jobOf(context, plan, manifest, { left, tables }),
  }
}

const jobOf = async (
  context: StepContext<IngestStep>,
  plan: PlanHead,
  manifest: ManifestHead,
  { left, tables }: { readonly left: readonly string[] | undefined; readonly tables: readonly TableRef[] | undefined },
): Promise<PublishJob> => ({
  kind: 'publish',
  target: targetOf(context),
  schema: plan.schema,
  partitionBy: plan.partitionBy,
  clusterBy: plan.clusterBy,
  source: await sourceOf(context, plan, manifest, tables),
  strategy: withoutNewer(plan.strategy, left),
  expectedRows: manifest.counts.accepted,
  ...(plan.quarantine && {
    replayed: {
      runId: plan.quarantine.runId,
      stepId: context.at.stepId,
      rows: plan.quarantine.rows,
      rejects: await readFiles(context, manifest, 'rejects'),
    },
  }),
  labels: context.labels,
})

/** Receipt, then cursor. Repeated, both are as they were. */
const settleIngest = async (
  context: StepContext<IngestStep>,
  done: { readonly jobId: string; readonly status: DoneJob },
  known?: { readonly plan: PlanHead; readonly manifest: ManifestHead },
): Promise<Receipt> => {
  const plan = known?.plan ?? (await requirePlan(context))
  const manifest = known?.manifest ?? (await readManifest(context))
  const to = plan.cursor && (plan.cursor.to ?? largestCursor(plan.cursor.from, manifest.max))
  const receipt = await writeReceipt(context, {
    table: targetOf(context),
    strategy: plan.strategy.type,
    jobId: done.jobId,
    counts: done.status.counts ?? { staged: 0, inserted: 0, updated: 0, deleted: 0, superseded: 0 },
    staged: { ...manifest.counts, parts: countFiles(manifest, 'parts'), bytes: manifest.bytes },
    cursorFrom: plan.cursor?.from,
    cursorTo: to,
  })
  if (plan.cursor) await moveCursor(context, plan.cursor, to)
  return receipt
}

/** The event, when everything is settled. Repeats what a crash left undone. */
const finish = async (
  context: StepContext<IngestStep>,
  plan: PlanHead,
  manifest: ManifestHead,
  receipt: Receipt,
): Promise<undefined> => {
  if (plan.cursor) await moveCursor(context, plan.cursor, receipt.cursorTo)
  await recordReceipt(context, receipt)
  await releaseLedger(context, targetOf(context), receipt.jobId)
  const fault = faultOf(plan, manifest, receipt)
  if (fault) await failStep(context, fault, rowsOf(receipt))
  else await succeed(context, plan, manifest, receipt)
  return undefined
}

const succeed = async (
  context: StepContext<IngestStep>,
  plan: PlanHead,
  manifest: ManifestHead,
  receipt: Receipt | undefined,
): Promise<void> =>
  sendEvent(context, {
    type: 'step.succeeded',
    runId: context.at.runId,
    stepId: context.at.stepId,
    ...(await publishedOf(context, plan, manifest, receipt)),
  })

/** A publish that a stop met: settled, and told as a success of the step. */
export const publishedIngest = async (
  context: StepContext<IngestStep>,
  done: { jobId: string; status: DoneJob },
): Promise<Published> => {
  const receipt = await settleIngest(context, done)
  await recordReceipt(context, receipt)
  await releaseLedger(context, targetOf(context), receipt.jobId)
  const [plan, manifest] = [await requirePlan(context), await readManifest(context)]
  const published = await publishedOf(context, plan, manifest, receipt)
  return { ...published, error: faultOf(plan, manifest, receipt) }
}

/** Why a step whose receipt is there is not green. */
const faultOf = (plan: PlanHead, manifest: ManifestHead, receipt: Receipt): Problem | undefined =>
  imbalanceOf(receipt) ?? refuseStillRejected(plan, manifest)

/** What the run's document says of the step; without a receipt it was superseded. */
const publishedOf = async (
  context: StepContext<IngestStep>,
  plan: PlanHead,
  manifest: ManifestHead,
  receipt: Receipt | undefined,
) => ({
  rows: receipt ? rowsOf(receipt) : { ...manifest.counts, loaded: 0 },
  tables: receipt ? [receipt.table] : [],
  warnings: [...ingestWarnings(context, plan, manifest, receipt), ...(await gateWarnings(context, plan, manifest))],
  superseded: !receipt,
})

import { cursorDocument } from '@convergence/core/cursor.ts'
import { toPlatformError } from '@convergence/core/errors.ts'
import { ledger } from '@convergence/core/ledger.ts'
import { cursorKey, ledgerKey, planName, slotKey } from '@convergence/core/names.ts'
import type { Pipeline } from '@convergence/core/config/pipeline.ts'
import { runEnded, type Run, type StepState } from '@convergence/core/run/run.ts'
import { tableName, type TableRef } from '@convergence/core/table.ts'
import type { TenantContext } from '../context.ts'
import { findRun } from './get-run.ts'
import { readWaits } from './read-waits.ts'

/** Something that a run waits for. */
export interface RunWait {
  /** `slot`: its pipeline's concurrency; `cursor` and `table`: another writer; `time`: an attempt that comes later; `step`: its needs. */
  readonly what: 'slot' | 'cursor' | 'table' | 'time' | 'step'
  readonly step_id: string | null
  readonly message: string
  /** The run that is in the way, of this tenant. */
  readonly run_id: string | null
}

/** What a run that has not ended waits for, from the documents that name who is in the way. */
export const waitsOf = async (context: TenantContext, bucket: string, run: Run): Promise<RunWait[]> => {
  if (run.status === 'PENDING' || run.status === 'QUEUED') return slotWaits(context, run)
  const waits: RunWait[] = []
  const pipeline = await pinnedPipeline(context, run)
  for (const step of run.steps) {
    if (step.status === 'PENDING' && run.status === 'RUNNING') waits.push(needsOf(step))
    if (step.status === 'RUNNING' && step.type === 'ingest')
      waits.push(...(await cursorWaits(context, bucket, run, step)))
    const table = step.status === 'PUBLISHING' ? tableOf(run, step, pipeline) : undefined
    if (table) waits.push(...(await tableWaits(context, run, step, table)))
  }
  for (const { stepId, reason, until } of await readWaits(context, bucket, run))
    waits.push({ what: 'time', step_id: stepId, message: `${reason}; until ${until}`, run_id: null })
  return waits
}

const needsOf = ({ stepId, needs }: StepState): RunWait => ({
  what: 'step',
  step_id: stepId,
  message: `it begins after ${needs.join(', ')}`,
  run_id: null,
})

const slotWaits = async (context: TenantContext, run: Run): Promise<RunWait[]> => {
  const waits: RunWait[] = []
  for (let slot = 0; slot < run.concurrency; slot++) {
    const entry = await context.ports.state.get<{ runId: string }>(slotKey(run.tenant, run.pipelineId, slot))
    const holder = entry && (await findRun(context, entry.value.runId))
    if (!holder || runEnded(holder) || holder.runId === run.runId) continue
    const since = holder.startedAt === undefined ? '' : ` since ${holder.startedAt}`
    waits.push({
      what: 'slot',
      step_id: null,
      message: `run ${holder.runId} of the same pipeline is ${holder.status}${since}, and ${run.pipelineId} runs ${run.concurrency} at a time (concurrency)`,
      run_id: holder.runId,
    })
  }
  return waits
}

const cursorWaits = async (
  context: TenantContext,
  bucket: string,
  run: Run,
  { stepId }: StepState,
): Promise<RunWait[]> => {
  const plan = { bucket, name: planName({ tenant: run.tenant, runId: run.runId, stepId }) }
  if (await context.ports.objects.head(plan)) return []
  const entry = await context.ports.state.get(cursorKey(run.tenant, run.pipelineId, stepId))
  const heldBy = entry && cursorDocument.parse(entry.value).heldBy
  if (heldBy === undefined || heldBy === run.runId) return []
  const holder = await findRun(context, heldBy)
  if (!holder || runEnded(holder)) return []
  const message = `run ${heldBy}, which is ${holder.status}, holds the step's cursor until it ends`
  return [{ what: 'cursor', step_id: stepId, message, run_id: heldBy }]
}

const tableWaits = async (
  context: TenantContext,
  run: Run,
  { stepId }: StepState,
  table: TableRef,
): Promise<RunWait[]> => {
  const entry = await context.ports.state.get(ledgerKey(table))
  const claim = entry && ledger.parse(entry.value).claim
  if (!claim || claim.finished) return []
  const isOwn = claim.runId === run.runId && claim.stepId === stepId
  const name = tableName(table)
  const lease = leaseText(claim.leaseUntilMs - context.ports.clock.nowMs())
  const message = isOwn
    ? `its job ${claim.jobId} (attempt ${claim.attempt}) publishes into ${name}`
    : `run ${claim.runId} publishes into ${name} (job ${claim.jobId}, attempt ${claim.attempt}; ${lease}); one writer a table`
  return [{ what: 'table', step_id: stepId, message, run_id: isOwn ? null : claim.runId }]
}

const leaseText = (leftMs: number): string =>
  leftMs > 0 ? `its lease ends in ${Math.ceil(leftMs / 1000)} s` : `its lease ended ${Math.floor(-leftMs / 1000)} s ago`

/** Undefined where the pinned config cannot be read: the rest is told all the same. */
const pinnedPipeline = async ({ ports }: TenantContext, run: Run): Promise<Pipeline | undefined> => {
  try {
    return (await ports.configs.load(run.tenant, run.configHash)).pipelines[run.pipelineId]
  } catch (error) {
    ports.log.warn('the config of a run cannot be read', { run: run.runId, reason: toPlatformError(error).message })
    return undefined
  }
}

const tableOf = ({ tenant }: Run, { stepId }: StepState, pipeline: Pipeline | undefined): TableRef | undefined => {
  const step = pipeline?.steps.find(({ step_id }) => step_id === stepId)
  return step && step.type !== 'dq' ? { tenant, dataset: step.load.dataset, table: step.load.table } : undefined
}

import { ConflictError } from '@convergence/core/errors.ts'
import { receiptKey } from '@convergence/core/names.ts'
import { replayIdOf } from '@convergence/core/run/run-id.ts'
import { stepOf, type Run, type StepState } from '@convergence/core/run/run.ts'
import type { TenantContext } from '../../context.ts'
import { askToGoOn, enterRun, findPipeline, refuseTooMany } from '../enter-run.ts'
import { findRun } from '../get-run.ts'
import { newRun } from '../new-run.ts'
import type { Replayed } from '../replay-run.ts'
import { requireFailedChunk } from './require-chunk.ts'

interface Asked {
  readonly stepId?: string | undefined
  readonly chunk?: number | undefined
}

/**
 * A run for what an ended one did not do, with the same parameters and logical time, under the config as it is now. Steps that succeeded
 * are not done again. There is one such run for each, whatever is asked for how often: what it leaves out, or fails in, is replayed from it.
 */
export const replayEnded = async (
  context: TenantContext & { readonly bucket: string },
  run: Run,
  asked: Asked,
): Promise<Replayed> => {
  const standing = await findRun(context, replayIdOf(run))
  if (standing) return repeat(context, run, standing, asked)
  await refuse(context, run, asked)
  const snapshot = await context.ports.configs.current(context.tenant)
  const pipeline = findPipeline(snapshot, run.pipelineId)
  await refuseTooMany(context, snapshot)
  const { cause: before } = run
  const rows = before.type === 'replay' ? before.quarantineOf : undefined
  const made = newRun(context, {
    runId: replayIdOf(run),
    snapshot,
    pipeline,
    parameters: run.parameters,
    logicalTime: run.logicalTime,
    cause: { type: 'replay', runId: run.runId, ...(rows !== undefined && { quarantineOf: rows }) },
  })
  const known = new Set(run.steps.map(({ stepId }) => stepId))
  // A replay of quarantined rows has those steps only that have some.
  const steps = rows === undefined ? made.steps : made.steps.filter(({ stepId }) => known.has(stepId)).map(alone)
  const { run: winner, created } = await enterRun(context, { ...made, steps: stepsOf(steps, run, asked) })
  return created ? { run: winner, how: 'created' } : repeat(context, run, winner, asked)
}

const alone = (step: StepState): StepState => ({ ...step, needs: [] })

/** The steps of the new run: what succeeded is so still, what was not asked for is left out. */
const stepsOf = (steps: readonly StepState[], run: Run, { stepId }: Asked): StepState[] => {
  const wanted = stepId === undefined ? undefined : withDependants(steps, stepId)
  return steps.map((step) => {
    const before = run.steps.find((one) => one.stepId === step.stepId)
    if (before?.status === 'SUCCEEDED')
      return {
        ...step,
        status: 'SUCCEEDED',
        acknowledged: true,
        superseded: before.superseded,
        from: before.from ?? run.runId,
        ...(before.startedAt !== undefined && { startedAt: before.startedAt }),
        ...(before.endedAt !== undefined && { endedAt: before.endedAt }),
      }
    if (wanted && !wanted.has(step.stepId)) return { ...step, status: 'SKIPPED' }
    return before && !isOfQuarantine(run) && mayTakeOver(before) ? { ...step, from: run.runId } : step
  })
}

const isOfQuarantine = ({ cause }: Run): boolean => cause.type === 'replay' && cause.quarantineOf !== undefined

/** Steps stand behind those that they need. */
const withDependants = (steps: readonly StepState[], stepId: string): Set<string> => {
  const wanted = new Set([stepId])
  for (const step of steps) if (step.needs.some((need) => wanted.has(need))) wanted.add(step.stepId)
  return wanted
}

/**
 * What failed for a reason that lies in the data or the config is planned and read anew: the same chunks would fail again. Anything else
 * goes on from the chunks that are done.
 */
const mayTakeOver = ({ type, status, error }: StepState): boolean =>
  type === 'ingest' && (status === 'FAILED' || status === 'CANCELLED') && (!error || OUTSIDE_DATA.has(error.code))

const OUTSIDE_DATA: ReadonlySet<string> = new Set([
  'UNAVAILABLE',
  'INTERNAL',
  'TIMED_OUT',
  'CANCELLED',
  'LIMIT_EXCEEDED',
  'UNAUTHENTICATED',
  'FORBIDDEN',
])

const refuse = async (
  context: TenantContext & { readonly bucket: string },
  run: Run,
  { stepId, chunk }: Asked,
): Promise<void> => {
  const left = run.steps.filter(({ status }) => status !== 'SUCCEEDED')
  if (left.length === 0)
    throw new ConflictError(
      `run ${run.runId} has ${run.status}, and each of its steps: nothing is left to send. Rows in quarantine: replay ${run.runId} --quarantined`,
    )
  if (stepId !== undefined) refuseStep(run, stepId)
  if (stepId !== undefined && chunk !== undefined)
    await requireFailedChunk(context, { tenant: run.tenant, runId: run.runId, stepId }, chunk)
  for (const step of left.filter(({ type }) => type !== 'dq')) {
    // It failed after its publish: doing it again would show its rows twice.
    if (await context.ports.state.get(receiptKey(run.runId, step.stepId))) throw new ConflictError(published(run, step))
  }
}

const published = (run: Run, { stepId, error, status }: StepState): string =>
  run.cause.type === 'replay' && run.cause.quarantineOf !== undefined
    ? `the rows of step ${stepId} were typed again, and are as they were: mend the schema or the source config, then replay ${run.cause.quarantineOf} --quarantined`
    : `step ${stepId} of run ${run.runId} failed after its rows had become visible (${error?.message ?? status}): ` +
      `look at them, remove those with _run_id '${run.runId}', and run the pipeline again`

const refuseStep = (run: Run, stepId: string): void => {
  const step = stepOf(run, stepId)
  if (step.status === 'SUCCEEDED')
    throw new ConflictError(
      `step ${stepId} of run ${run.runId} has succeeded: its rows are there, and are not sent again`,
    )
  const missing = step.needs.find((need) => stepOf(run, need).status !== 'SUCCEEDED')
  if (missing !== undefined)
    throw new ConflictError(
      `step ${stepId} needs ${missing}, which is ${stepOf(run, missing).status}: replay ${missing}, and ${stepId} follows`,
    )
}

/** The same replay again: the same run, asked to go on where a crash may have left it. */
const repeat = async (context: TenantContext, run: Run, standing: Run, { stepId }: Asked): Promise<Replayed> => {
  const left = standing.steps.filter(({ status, startedAt }) => status === 'SKIPPED' && startedAt === undefined)
  if (stepId !== undefined && left.some((step) => step.stepId === stepId))
    throw new ConflictError(
      `run ${run.runId} was replayed as ${standing.runId}, without step ${stepId}: replay ${standing.runId} --step ${stepId}`,
    )
  await askToGoOn(context, standing)
  return { run: standing, how: 'repeated' }
}

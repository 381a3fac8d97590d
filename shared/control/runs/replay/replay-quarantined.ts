import { ConflictError } from '@convergence/core/errors.ts'
import { hashOf } from '@convergence/core/hash.ts'
import { receiptKey } from '@convergence/core/names.ts'
import { replayIdOf } from '@convergence/core/run/run-id.ts'
import { runEnded, type Run, type StepState } from '@convergence/core/run/run.ts'
import type { TenantContext } from '../../context.ts'
import { askToGoOn, enterRun, findPipeline, refuseTooMany } from '../enter-run.ts'
import { findRun } from '../get-run.ts'
import { newRun } from '../new-run.ts'
import type { Replayed } from '../replay-run.ts'

/**
 * A run that types again, under the config as it is now, the rows that published ingest steps of an ended run left in quarantine, and
 * loads those that are good now. The same config gives the same result, so that asking again with it gives the same run.
 */
export const replayQuarantined = async (
  context: TenantContext,
  run: Run,
  stepId: string | undefined,
): Promise<Replayed> => {
  refuseUnended(run)
  const steps = await stepsWithRejects(context, run, stepId)
  const snapshot = await context.ports.configs.current(context.tenant)
  const pipeline = findPipeline(snapshot, run.pipelineId)
  const attempt = hashOf([snapshot.hash, ...steps], 20)
  const runId = replayIdOf(run, attempt)
  const standing = await findRun(context, runId)
  if (standing) {
    await askToGoOn(context, standing)
    return { run: standing, how: 'repeated' }
  }
  await refuseTooMany(context, snapshot)
  const made = newRun(context, {
    runId,
    snapshot,
    pipeline,
    parameters: run.parameters,
    logicalTime: run.logicalTime,
    cause: { type: 'replay', runId: run.runId, quarantineOf: run.runId, attempt },
  })
  const own = made.steps
    .filter((step) => steps.includes(step.stepId))
    .map((step): StepState => ({ ...step, needs: [] }))
  const gone = steps.find((id) => !own.some((step) => step.stepId === id && step.type === 'ingest'))
  if (gone !== undefined)
    throw new ConflictError(
      `pipeline ${run.pipelineId} has no ingest step ${gone} any more: its rows stay in quarantine (quarantine.rejected_rows)`,
    )
  const { run: winner, created } = await enterRun(context, { ...made, steps: own })
  return { run: winner, how: created ? 'created' : 'repeated' }
}

const refuseUnended = (run: Run): void => {
  if (run.cause.type === 'replay' && run.cause.quarantineOf !== undefined)
    throw new ConflictError(
      `run ${run.runId} replays quarantined rows of run ${run.cause.quarantineOf}, whose they still are: replay ${run.cause.quarantineOf} --quarantined`,
    )
  if (!runEnded(run))
    throw new ConflictError(`run ${run.runId} is ${run.status}: its quarantined rows can be replayed when it has ended`)
}

/** Ingest steps that were published and have rejected rows; the one that was asked for must be such a step. */
const stepsWithRejects = async (context: TenantContext, run: Run, stepId: string | undefined): Promise<string[]> => {
  const found: string[] = []
  for (const step of run.steps.filter((one) => (stepId ?? one.stepId) === one.stepId)) {
    const reason = await unfitness(context, run, step)
    if (reason === undefined) found.push(step.stepId)
    else if (stepId !== undefined) throw new ConflictError(reason)
  }
  if (found.length > 0) return found
  const failed = run.steps.find((step) => step.status !== 'SUCCEEDED' && (step.rows?.rejected ?? 0) > 0)
  if (failed) throw new ConflictError(unpublished(run, failed))
  const moved = run.steps.find(isMovedByRules)
  throw new ConflictError(
    moved ? byRules(moved) : `run ${run.runId} left no row of an ingest step in quarantine: there is nothing to replay`,
  )
}

const unfitness = async (context: TenantContext, run: Run, step: StepState): Promise<string | undefined> => {
  if (isMovedByRules(step)) return byRules(step)
  if (step.type !== 'ingest' || (step.rows?.rejected ?? 0) === 0)
    return `step ${step.stepId} of run ${run.runId} left no row in quarantine: there is nothing to replay`
  const receipt = await context.ports.state.get(receiptKey(run.runId, step.stepId))
  return step.status === 'SUCCEEDED' && receipt ? undefined : unpublished(run, step)
}

const isMovedByRules = ({ type, warnings }: StepState): boolean =>
  type === 'dq' && warnings.some(({ code }) => code === 'ROWS_QUARANTINED')

const byRules = ({ stepId }: StepState): string =>
  `step ${stepId} took rows out of a table by its rules, which cannot be put back yet: load them again from their source`

const unpublished = (run: Run, { stepId }: StepState): string =>
  `step ${stepId} of run ${run.runId} was not published: its good rows were not loaded either. Mend the cause, then replay ${run.runId}`

import { ConflictError, InvalidInputError, NotFoundError } from '@convergence/core/errors.ts'
import { runEnded, type Run, type StepState } from '@convergence/core/run/run.ts'
import type { TenantContext } from '../context.ts'
import { requireActive } from '../tenants/get-tenant.ts'
import { getRun } from './get-run.ts'
import { replayEnded } from './replay/replay-ended.ts'
import { replayQuarantined } from './replay/replay-quarantined.ts'
import { sendAgain } from './replay/send-again.ts'

export interface ReplayRequest {
  readonly runId: string
  /** Undefined: all steps that the replay is about. */
  readonly stepId?: string | undefined
  readonly chunk?: number | undefined
  /** The rows that its published steps left in quarantine, instead of what the run did not do. */
  readonly quarantined: boolean
}

export interface Replayed {
  /** The run that goes on: the very same one, or the one that does what it did not do. */
  readonly run: Run
  /** `resumed`: it had not ended; `created`; `repeated`: the same was asked before. */
  readonly how: 'resumed' | 'created' | 'repeated'
}

/**
 * Sends again what a run lost, did not do, or left in quarantine. A run that has not ended goes on. One that has is never touched again:
 * a new run, whose id is derived from it, does what it did not do, so that a replay that is asked for twice is one. Throws NotFoundError,
 * ConflictError (there is nothing to do, or not yet), InvalidInputError, ForbiddenError (suspended), LimitExceededError.
 */
export const replayRun = async (
  context: TenantContext & { readonly bucket: string },
  request: ReplayRequest,
): Promise<Replayed> => {
  await requireActive(context, context.tenant)
  const run = await getRun(context, request.runId)
  if (request.stepId !== undefined) requireStep(run, request.stepId)
  if (request.quarantined && request.chunk !== undefined)
    throw new InvalidInputError('quarantined rows are replayed by step, not by chunk: leave out the chunk')
  if (request.quarantined) return replayQuarantined(context, run, request.stepId)
  const asked = request.chunk === undefined ? request : { ...request, stepId: stepOfChunk(run, request.stepId) }
  return runEnded(run) ? replayEnded(context, run, asked) : sendAgain(context, run, asked)
}

const requireStep = (run: Run, stepId: string): StepState => {
  const step = run.steps.find((one) => one.stepId === stepId)
  if (step) return step
  throw new NotFoundError(
    `run ${run.runId} has no step ${stepId} (it has ${run.steps.map((one) => one.stepId).join(', ')})`,
  )
}

/** A chunk belongs to one ingest step: it need not be named where there is one only that has not succeeded. */
const stepOfChunk = (run: Run, stepId: string | undefined): string => {
  const steps = run.steps.filter(({ type, status }) => type === 'ingest' && status !== 'SUCCEEDED')
  if (stepId === undefined && steps.length > 1)
    throw new InvalidInputError(
      `say which step the chunk belongs to: --step ${steps.map((step) => step.stepId).join(' or ')}`,
    )
  const found = stepId === undefined ? steps[0] : requireStep(run, stepId)
  if (!found) throw new ConflictError(`every ingest step of run ${run.runId} has succeeded: no chunk is left to send`)
  if (found.type !== 'ingest') throw new InvalidInputError(`step ${found.stepId} is a ${found.type} and has no chunks`)
  return found.stepId
}

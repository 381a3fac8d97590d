import { toPlatformError } from '@convergence/core/errors.ts'
import { MESSAGE, type Delivery } from '@convergence/core/messages.ts'
import { runEnded, stepEnded, type Run, type StepState } from '@convergence/core/run/run.ts'
import { isQuiet } from '@convergence/pipeline/resume/is-quiet.ts'
import { resumeStep } from '@convergence/pipeline/resume/resume-step.ts'
import { nowIso, openStep, readRun, type Stage } from '@convergence/pipeline/stage.ts'
import { tellWait } from '@convergence/pipeline/tell-wait.ts'
import { conduct } from './conduct.ts'

/** Beyond it what nobody foresaw is taken for lasting, and the run is told why it cannot go on. */
const MAX_ATTEMPTS = 5
export const QUIET_MS = 15 * 60_000

interface Resumption {
  readonly tick: number
  /** Undefined: all that are under way. */
  readonly stepId?: string | undefined
  readonly chunk?: number | undefined
  /** Only of steps of which nothing was heard for long. */
  readonly onlyQuiet: boolean
}

/**
 * Sends again all that a run asks for, and what may have been lost of the steps that are under way. What cannot be resumed, because the
 * run's own config or plan cannot be read, fails it with the reason.
 */
export const resumeRun = async (stage: Stage, runId: string, how: Resumption, delivery: Delivery): Promise<void> => {
  await conduct(stage, runId, { ...MESSAGE, trace: stage.trace, type: 'run.requested', runId })
  const run = await readRun(stage, runId)
  if (!run || runEnded(run) || run.status !== 'RUNNING') return
  try {
    const steps = run.steps.filter((step) => isUnderWay(step) && (how.stepId ?? step.stepId) === step.stepId)
    for (const step of steps) await resumeOne(stage, run, step, how)
  } catch (thrown) {
    const error = toPlatformError(thrown)
    // A store that does not answer says nothing about the run: the next sweep is at hand.
    if (error.code === 'UNAVAILABLE' || (error.retryable && delivery.attempt < MAX_ATTEMPTS)) throw error
    const reason = { code: error.code, message: `the run cannot go on: ${error.message}` }
    await conduct(stage, runId, {
      ...MESSAGE,
      trace: stage.trace,
      type: 'run.stop',
      runId,
      intent: { end: 'FAILED', reason },
    })
  }
}

/** What its stage has not acknowledged is sent by `conduct` already. */
const isUnderWay = (step: StepState): boolean =>
  !stepEnded(step) && step.status !== 'PENDING' && step.acknowledged && !step.error

const resumeOne = async (
  stage: Stage,
  run: Run,
  step: StepState,
  { tick, onlyQuiet, chunk }: Resumption,
): Promise<void> => {
  const context = await openStep(stage, run.runId, step.stepId)
  if (!context) return
  const quietMs = stage.settings.quietMs ?? QUIET_MS
  if (onlyQuiet && !(await isQuiet(context, quietMs))) return
  await resumeStep(context, { tick, chunk })
  context.ports.log.warn('what a step was doing is sent again', { status: step.status })
  // Also keeps the next sweeps from sending it again at once.
  if (onlyQuiet)
    await tellWait(
      context,
      `nothing was heard of it for ${Math.round(quietMs / 60_000)} minutes: the sweep sent its work again at ${nowIso(stage)}`,
      quietMs,
    )
}

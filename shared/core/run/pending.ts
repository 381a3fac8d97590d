import type { StepCommand } from '../messages.ts'
import { stepEnded, type Run, type StepState } from './run.ts'

/**
 * What a run's document asks to be sent or done, as a function of the document alone. Every delivery of an event, a repeated request
 * and the sweep do all of it again, so that a crash between the document and its messages loses nothing.
 */
export interface Pending {
  /** Wants a concurrency slot. */
  readonly slot: boolean
  /** Commands that no stage has acknowledged yet. */
  readonly commands: readonly { readonly step: StepState; readonly type: StepCommand['type'] }[]
  /** Steps that publish, and must be stopped: sealed, or awaited. */
  readonly seals: readonly StepState[]
  /** Clocks to start: the run's (without `stepId`), and those of steps that just began. */
  readonly timers: readonly { readonly stepId?: string; readonly afterMs: number }[]
}

export const pending = (run: Run): Pending => {
  const running = run.status === 'RUNNING'
  const fresh = running ? run.steps.filter((step) => active(step) && !step.acknowledged && !step.error) : []
  return {
    slot: run.status === 'PENDING' || run.status === 'QUEUED',
    commands: fresh.map((step) => ({ step, type: step.status === 'PUBLISHING' ? 'step.publish' : 'step.run' })),
    seals: run.steps.filter(
      (step) => step.status === 'PUBLISHING' && (run.status === 'STOPPING' || step.error !== undefined),
    ),
    timers: fresh.length === 0 ? [] : [{ afterMs: run.timeoutMs }, ...fresh.flatMap(stepTimer)],
  }
}

const active = (step: StepState): boolean => !stepEnded(step) && step.status !== 'PENDING'

const stepTimer = (step: StepState): { stepId: string; afterMs: number }[] =>
  step.timeoutMs === undefined || step.status !== 'RUNNING' ? [] : [{ stepId: step.stepId, afterMs: step.timeoutMs }]

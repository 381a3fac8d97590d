import { MESSAGE, type RunEvent } from '@convergence/core/messages.ts'
import type { Run } from '@convergence/core/run/run.ts'

/** What ends a run that was not done in its time. */
export const runOutOfTime = ({ runId, trace, timeoutMs }: Run): RunEvent => ({
  ...MESSAGE,
  trace,
  type: 'run.stop',
  runId,
  intent: {
    end: 'FAILED',
    reason: {
      code: 'TIMED_OUT',
      message: `the run was not done ${Math.round(timeoutMs / 1000)} s after it began (timeout)`,
    },
  },
})

export const stepOutOfTime = ({ runId, trace }: Run, stepId: string): RunEvent => ({
  ...MESSAGE,
  trace,
  type: 'step.timed_out',
  runId,
  stepId,
})

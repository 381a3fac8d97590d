import { runEvent, task, type Delivery, type RunEvent } from '@convergence/core/messages.ts'
import { runEnded, stepEnded, stepOf } from '@convergence/core/run/run.ts'
import { readRun, type Stage } from '@convergence/pipeline/stage.ts'
import { conduct } from './conduct.ts'

/** Run requests and step events. */
export const onRunEvent = (stage: Stage, payload: unknown, _delivery: Delivery): Promise<void> => {
  const event: RunEvent = runEvent.parse(payload)
  return conduct(stage, event.runId, event)
}

/** Looks at a run: carries its stop on, ends what has run out of time. */
export const onRunTask = async (stage: Stage, payload: unknown, _delivery: Delivery): Promise<void> => {
  const look = task.parse(payload)
  if (look.type !== 'run') return
  const { runId, trace } = look
  const run = await readRun(stage, runId)
  if (!run) return
  // An ended run too: who ended it may have died before its after-effects.
  if (look.check !== 'timeout' || runEnded(run))
    return conduct(
      stage,
      runId,
      { version: 1, trace, type: 'run.requested', runId },
      look.check === 'stop' ? look.tick : undefined,
    )
  if (look.stepId === undefined) {
    const reason = {
      code: 'TIMED_OUT',
      message: `the run was not done ${Math.round(run.timeoutMs / 1000)} s after it began (timeout)`,
    }
    return conduct(stage, runId, { version: 1, trace, type: 'run.stop', runId, intent: { end: 'FAILED', reason } })
  }
  if (!stepEnded(stepOf(run, look.stepId)))
    return conduct(stage, runId, { version: 1, trace, type: 'step.timed_out', runId, stepId: look.stepId })
}

import { runEvent, task, type Delivery, type RunEvent, type Task } from '@convergence/core/messages.ts'
import { runEnded, stepEnded, stepOf } from '@convergence/core/run/run.ts'
import { readRun, type Stage } from '@convergence/pipeline/stage.ts'
import { conduct } from './conduct.ts'
import { runOutOfTime, stepOutOfTime } from './out-of-time.ts'
import { resumeRun } from './resume-run.ts'
import { sweep } from './sweep.ts'

/** Run requests and step events. */
export const onRunEvent = (stage: Stage, payload: unknown, _delivery: Delivery): Promise<void> => {
  const event: RunEvent = runEvent.parse(payload)
  return conduct(stage, event.runId, event)
}

/** Looks at a run: carries its stop on, ends what has run out of time, sends again what was lost. Pieces of a sweep come this way too. */
export const onRunTask = async (stage: Stage, payload: unknown, delivery: Delivery): Promise<void> => {
  const look = task.parse(payload)
  if (look.type === 'sweep') return sweep(stage, look)
  if (look.type === 'run') return lookAtRun(stage, look, delivery)
}

/**
 * One piece of a sweep: a page of the active runs, or the files of one ended run; the next piece is a task of its own. Twice at once is
 * as good as once.
 */
export const onSweep = async (stage: Stage, payload: unknown, _delivery: Delivery): Promise<void> => {
  const piece = task.parse(payload)
  if (piece.type === 'sweep') await sweep(stage, piece)
}

export { beginSweep } from './sweep.ts'

const lookAtRun = async (
  stage: Stage,
  { runId, trace, check, stepId, chunk, tick }: Extract<Task, { type: 'run' }>,
  delivery: Delivery,
): Promise<void> => {
  if (check === 'resume' || check === 'quiet')
    return resumeRun(stage, runId, { tick, stepId, chunk, onlyQuiet: check === 'quiet' }, delivery)
  const run = await readRun(stage, runId)
  if (!run) return
  // An ended run too: who ended it may have died before its after-effects.
  if (check !== 'timeout' || runEnded(run))
    return conduct(
      stage,
      runId,
      { version: 1, trace, type: 'run.requested', runId },
      check === 'stop' ? tick : undefined,
    )
  if (stepId === undefined) return conduct(stage, runId, runOutOfTime(run))
  if (!stepEnded(stepOf(run, stepId))) return conduct(stage, runId, stepOutOfTime(run, stepId))
}

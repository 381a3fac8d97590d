import { runKey } from '@convergence/core/names.ts'
import { advance, type Transition } from '@convergence/core/run/advance.ts'
import { pending } from '@convergence/core/run/pending.ts'
import { runDocument, runEnded, type Run, type StepState } from '@convergence/core/run/run.ts'
import { MESSAGE, type Queue, type Topic } from '@convergence/core/messages.ts'
import { stopStep } from '@convergence/pipeline/load/stop-step.ts'
import { openStep, sendTask, type Stage } from '@convergence/pipeline/stage.ts'
import { finishRun } from './finish-run.ts'
import { recordRun } from './record-run.ts'
import { takeSlot } from './slots.ts'

/**
 * The only writer of a run's state. A transition is applied by compare-and-set; then everything that the document asks for is sent or done,
 * again at every delivery, so that a crash between the document and its messages loses nothing. `look`: the number of the look at a stop
 * that this is.
 */
export const conduct = async (stage: Stage, runId: string, transition: Transition, look?: number): Promise<void> => {
  let run = await transit(stage, runId, transition)
  while (run) {
    await recordRun(stage, run)
    if (runEnded(run)) return finishRun(stage, run)
    const next: Transition | undefined = (await send(stage, run, look)) ?? undefined
    run = next && (await transit(stage, runId, next))
  }
}

/** The run as it stands after the transition; undefined: there is no such run (its entry in the active set is closed by the sweep). */
const transit = async (stage: Stage, runId: string, transition: Transition): Promise<Run | undefined> => {
  for (;;) {
    const entry = await stage.ports.state.get(runKey(runId))
    if (!entry) return undefined
    const run = runDocument.parse(entry.value)
    const next = advance(run, transition, new Date(stage.ports.clock.nowMs()).toISOString())
    if (next === run) return run
    const put = await stage.ports.state.compareAndSet(runKey(runId), entry.version, next)
    if (put.outcome === 'written') {
      logTransition(stage, run, next)
      return next
    }
  }
}

const logTransition = (stage: Stage, before: Run, after: Run): void => {
  const log = stage.ports.log.with({ tenant: after.tenant, pipeline: after.pipelineId, run: after.runId })
  if (before.status !== after.status)
    log.info('run changed', {
      from: before.status,
      to: after.status,
      ...(after.error && { reason: after.error.message }),
    })
  for (const [index, step] of after.steps.entries()) {
    const was = before.steps[index]?.status
    if (was !== step.status) log.info('step changed', { step: step.stepId, from: was, to: step.status })
  }
}

/** Sends what is pending. What it found out itself (a slot, a seal) is the next transition. */
const send = async (stage: Stage, run: Run, look: number | undefined): Promise<Transition | undefined> => {
  const asked = pending(run)
  if (asked.slot) return askForSlot(stage, run)
  for (const timer of asked.timers) await startTimer(stage, run, timer)
  for (const { step, type } of asked.commands)
    await stage.ports.bus.publish(TOPIC[step.type], {
      ...MESSAGE,
      trace: run.trace,
      type,
      runId: run.runId,
      stepId: step.stepId,
    })
  for (const step of asked.seals) {
    const sealed = await seal(stage, run, step, look)
    if (sealed) return sealed
  }
  return undefined
}

const TOPIC: Readonly<Record<StepState['type'], Topic>> = { ingest: 'ingest', dq: 'dq', transform: 'transform' }

const askForSlot = async (stage: Stage, run: Run): Promise<Transition | undefined> => {
  const slot = await takeSlot(stage, run)
  if (slot !== undefined) return { type: 'slot.taken', slot }
  return run.status === 'PENDING' ? { type: 'slot.full' } : undefined
}

const startTimer = (stage: Stage, run: Run, timer: { stepId?: string; afterMs: number }): Promise<void> => {
  const { runId } = run
  const step = timer.stepId === undefined ? {} : { stepId: timer.stepId }
  const name = [runId, timer.stepId ?? '', 'timeout']
  return sendTask(
    stage,
    RUNS,
    { type: 'run', runId, check: 'timeout', tick: 0, ...step },
    { name, delayMs: timer.afterMs },
  )
}

const RUNS: Queue = 'runs'

const seal = async (
  stage: Stage,
  run: Run,
  step: StepState,
  look: number | undefined,
): Promise<Transition | undefined> => {
  const context = await openStep(stage, run.runId, step.stepId)
  if (!context) return undefined
  const stopped = await stopStep(context)
  if (stopped.outcome === 'sealed') return { type: 'step.sealed', stepId: step.stepId, published: stopped.published }
  // However often a look is delivered, one follows it. Who is none begins by the clock, because a used name is remembered.
  const tick = (look ?? Math.floor(stage.ports.clock.nowMs() / Math.max(1, stopped.waitMs))) + 1
  const name = [run.runId, step.stepId, 'seal', tick]
  await sendTask(
    stage,
    RUNS,
    { type: 'run', runId: run.runId, check: 'stop', stepId: step.stepId, tick },
    { name, delayMs: stopped.waitMs },
  )
  return undefined
}

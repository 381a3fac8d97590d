import type { Problem, RunEvent } from '../messages.ts'
import { runEnded, stepEnded, type Run, type StepState } from './run.ts'

/**
 * The state machine of a run: pure. `advance(run, transition, now)` gives the next document, or the very same one when the transition
 * changes nothing: duplicates and late events are harmless. What must then be sent is a function of the document: `pending(run)`.
 */
export type Transition =
  | RunEvent
  /** The run got a concurrency slot, or found all of them taken. */
  | { readonly type: 'slot.taken'; readonly slot: number }
  | { readonly type: 'slot.full' }
  /** A stopping step can publish no more: its next free job id is sealed, or its publish was met and settled. */
  | { readonly type: 'step.sealed'; readonly stepId: string; readonly published: Published | undefined }

export interface Published {
  readonly rows: NonNullable<StepState['rows']>
  readonly tables: readonly string[]
  readonly warnings: readonly Problem[]
  readonly superseded: boolean
  /** It is visible, and not what it should be: the step has failed all the same. */
  readonly error?: Problem | undefined
}

export const advance = (run: Run, transition: Transition, now: string): Run => {
  if (runEnded(run)) return run
  const next = apply(run, transition, now)
  if (next === run) return run
  return { ...settle(next, now), revision: run.revision + 1 }
}

const apply = (run: Run, transition: Transition, now: string): Run => {
  switch (transition.type) {
    case 'run.requested':
      return run
    case 'slot.taken':
      if (run.status !== 'PENDING' && run.status !== 'QUEUED') return run
      return { ...run, status: 'RUNNING', startedAt: now, slot: transition.slot }
    case 'slot.full':
      return run.status === 'PENDING' ? { ...run, status: 'QUEUED' } : run
    case 'run.stop':
      return run.status === 'STOPPING' ? run : { ...run, status: 'STOPPING', intent: transition.intent }
    case 'step.sealed':
      return changeStep(run, transition.stepId, (step) =>
        run.status === 'STOPPING' || step.error ? sealed(step, transition.published, now) : step,
      )
    default:
      return applyToStep(run, transition, now)
  }
}

type StepEvent = Extract<RunEvent, { type: `step.${string}` }>

const applyToStep = (run: Run, event: StepEvent, now: string): Run => {
  switch (event.type) {
    case 'step.started':
      return changeStep(run, event.stepId, (step) =>
        !step.acknowledged && step.status === (event.phase === 'run' ? 'RUNNING' : 'PUBLISHING')
          ? { ...step, acknowledged: true }
          : step,
      )
    case 'step.staged':
      // A run that is stopping, or a step that has failed, begins no publish.
      return changeStep(run, event.stepId, (step) =>
        run.status === 'RUNNING' && step.status === 'RUNNING' && !step.error
          ? { ...step, status: 'PUBLISHING', stem: event.stem, acknowledged: false }
          : step,
      )
    case 'step.succeeded':
      return changeStep(run, event.stepId, (step) =>
        mayEnd(run, step) ? { ...step, ...outcome(event), status: 'SUCCEEDED', endedAt: now } : step,
      )
    case 'step.failed':
      return fail(run, event.stepId, event.error, event.rows)
    case 'step.timed_out':
      return fail(run, event.stepId, { code: 'TIMED_OUT', message: 'the step ran out of its time (timeout)' })
  }
}

/** A step that publishes has ended in fact when its receipt is there, whatever the run is doing. */
const mayEnd = (run: Run, step: StepState): boolean =>
  step.status === 'PUBLISHING' || (step.status === 'RUNNING' && run.status === 'RUNNING' && !step.error)

const outcome = (result: Published) => ({
  rows: result.rows,
  tables: [...result.tables],
  warnings: [...result.warnings],
  superseded: result.superseded,
})

/** Notes the failure; the step ends once nothing of it can become visible any more (`settle`, `step.sealed`). */
const fail = (run: Run, stepId: string, error: Problem, rows?: StepState['rows']): Run => {
  const step = run.steps.find((one) => one.stepId === stepId)
  if (!step || stepEnded(step) || step.error || step.status === 'PENDING') return run
  const next = changeStep(run, stepId, (one) => ({ ...one, error, ...(rows && { rows }) }))
  if (step.onFailure !== 'stop' || run.status === 'STOPPING') return next
  return { ...next, status: 'STOPPING', intent: { end: 'FAILED', reason: within(stepId, error) } }
}

const within = (stepId: string, error: Problem): Problem => ({
  code: error.code,
  message: `step ${stepId}: ${error.message}`,
})

const sealed = (step: StepState, published: Published | undefined, now: string): StepState => {
  if (step.status !== 'PUBLISHING') return step
  if (!published) return { ...step, status: step.error ? 'FAILED' : 'CANCELLED', endedAt: now }
  if (published.error)
    return { ...step, ...outcome(published), error: step.error ?? published.error, status: 'FAILED', endedAt: now }
  const { error, ...rest } = step
  const late: Problem[] = error
    ? [{ code: error.code, message: `published before it could be stopped: ${error.message}` }]
    : []
  return {
    ...rest,
    ...outcome(published),
    warnings: [...published.warnings, ...late],
    status: 'SUCCEEDED',
    endedAt: now,
  }
}

const changeStep = (run: Run, stepId: string, change: (step: StepState) => StepState): Run => {
  let changed = false
  const steps = run.steps.map((step) => {
    const next = step.stepId === stepId ? change(step) : step
    if (next !== step) changed = true
    return next
  })
  return changed ? { ...run, steps } : run
}

/** Draws every conclusion that the document allows: ends steps that hold nothing, starts ready ones, skips the hopeless, ends the run. */
const settle = (run: Run, now: string): Run => {
  let steps = run.steps.map((step) => endFailed(step, now))
  if (run.status === 'STOPPING') steps = steps.map((step) => endStopped(step, now))
  if (run.status === 'RUNNING') steps = startReady(steps, now)
  const next = { ...run, steps }
  return steps.every(stepEnded) && run.status !== 'PENDING' && run.status !== 'QUEUED' ? end(next, now) : next
}

/** Without a stem nothing was allowed to publish: a failure ends the step at once. */
const endFailed = (step: StepState, now: string): StepState =>
  step.status === 'RUNNING' && step.error ? { ...step, status: 'FAILED', endedAt: now } : step

const endStopped = (step: StepState, now: string): StepState => {
  if (step.status === 'PENDING') return { ...step, status: 'SKIPPED', endedAt: now }
  return step.status === 'RUNNING' ? { ...step, status: 'CANCELLED', endedAt: now } : step
}

/** Steps come in an order in which needs stand before those that need them, so one pass is enough. */
const startReady = (steps: readonly StepState[], now: string): StepState[] => {
  const done = new Map<string, StepState>()
  return steps.map((step) => {
    const next =
      step.status === 'PENDING'
        ? startOrSkip(
            step,
            step.needs.map((need) => done.get(need)),
            now,
          )
        : step
    done.set(next.stepId, next)
    return next
  })
}

const startOrSkip = (step: StepState, needs: readonly (StepState | undefined)[], now: string): StepState => {
  if (needs.some((need) => !need || !stepEnded(need))) return step
  if (needs.every((need) => need?.status === 'SUCCEEDED' || (need?.status === 'FAILED' && need.onFailure === 'alert')))
    return { ...step, status: 'RUNNING', acknowledged: false, startedAt: now }
  return { ...step, status: 'SKIPPED', endedAt: now }
}

const end = (run: Run, now: string): Run => {
  const failed = run.steps.find((step) => step.status === 'FAILED' && step.onFailure !== 'alert')
  const alerts = run.steps.flatMap((step) =>
    step.status === 'FAILED' && step.onFailure === 'alert' && step.error ? [within(step.stepId, step.error)] : [],
  )
  const warnings = [
    ...run.steps.flatMap((step) => step.warnings.map((warning) => within(step.stepId, warning))),
    ...alerts,
  ]
  const base = { ...run, warnings, endedAt: now }
  if (run.intent) return { ...base, status: run.intent.end, error: run.intent.reason }
  if (failed?.error) return { ...base, status: 'FAILED', error: within(failed.stepId, failed.error) }
  return { ...base, status: 'SUCCEEDED' }
}

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { advance, type Transition } from './advance.ts'
import { pending } from './pending.ts'
import { runEnded, stepEnded, stepOf, type Run, type StepState } from './run.ts'

const NOW = '2026-01-15T06:00:00.000Z'
const ROWS = { fetched: 3, accepted: 3, rejected: 0, filtered: 0, loaded: 3 }

const step = (stepId: string, needs: string[], more: Partial<StepState> = {}): StepState => ({
  stepId,
  type: 'ingest',
  status: 'PENDING',
  needs,
  onFailure: 'stop',
  acknowledged: false,
  tables: [],
  warnings: [],
  superseded: false,
  ...more,
})

const runWith = (steps: StepState[]): Run => ({
  version: 1,
  runId: 'daily-1',
  tenant: 'acme',
  pipelineId: 'daily',
  status: 'PENDING',
  cause: { type: 'request' },
  trace: 't',
  configHash: 'h',
  parameters: {},
  logicalTime: NOW,
  timezone: 'UTC',
  project: 'p',
  location: 'EU',
  concurrency: 1,
  timeoutMs: 1_000,
  revision: 0,
  requestedAt: NOW,
  steps,
  warnings: [],
})

const base = { version: 1, trace: 't', runId: 'daily-1' } as const
const started = (stepId: string, phase: 'run' | 'publish' = 'run'): Transition => ({
  ...base,
  type: 'step.started',
  stepId,
  phase,
})
const staged = (stepId: string): Transition => ({ ...base, type: 'step.staged', stepId, stem: `${stepId}-stem` })
const succeeded = (stepId: string): Transition => ({
  ...base,
  type: 'step.succeeded',
  stepId,
  rows: ROWS,
  tables: ['raw.t'],
  warnings: [],
  superseded: false,
})
const failed = (stepId: string): Transition => ({
  ...base,
  type: 'step.failed',
  stepId,
  error: { code: 'DATA_REJECTED', message: 'bad' },
})
const sealed = (stepId: string): Transition => ({ type: 'step.sealed', stepId, published: undefined })
const cancel: Transition = {
  ...base,
  type: 'run.stop',
  intent: { end: 'CANCELLED', reason: { code: 'CANCELLED', message: 'on request' } },
}
const slot: Transition = { type: 'slot.taken', slot: 0 }

const through = (run: Run, ...transitions: Transition[]): Run =>
  transitions.reduce((now, next) => advance(now, next, NOW), run)
const statuses = (run: Run) => Object.fromEntries(run.steps.map((one) => [one.stepId, one.status]))

describe('a run', () => {
  const chain = () => runWith([step('a', []), step('b', ['a']), step('c', ['b'])])

  it('goes through its steps in the order of their needs and ends green', () => {
    const one = through(chain(), slot)
    expect(statuses(one)).toEqual({ a: 'RUNNING', b: 'PENDING', c: 'PENDING' })
    const two = through(one, staged('a'), succeeded('a'))
    expect(statuses(two)).toEqual({ a: 'SUCCEEDED', b: 'RUNNING', c: 'PENDING' })
    expect(through(two, succeeded('b'), succeeded('c')).status).toBe('SUCCEEDED')
  })

  it('sends a command until its stage has acknowledged it, and the publish as a command of its own', () => {
    const one = through(chain(), slot)
    expect(pending(one).commands.map(({ step: { stepId }, type }) => [stepId, type])).toEqual([['a', 'step.run']])
    expect(pending(through(one, started('a'))).commands).toEqual([])
    const two = through(one, started('a'), staged('a'))
    expect(pending(two).commands.map(({ type }) => type)).toEqual(['step.publish'])
    expect(pending(through(two, started('a'))).commands).toHaveLength(1)
    expect(pending(through(two, started('a', 'publish'))).commands).toEqual([])
  })

  it('stops by intent, seal, end: a publishing step keeps the run from ending until it is sealed', () => {
    const publishing = through(chain(), slot, staged('a'), cancel)
    expect(publishing.status).toBe('STOPPING')
    expect(statuses(publishing)).toEqual({ a: 'PUBLISHING', b: 'SKIPPED', c: 'SKIPPED' })
    expect(pending(publishing).seals.map(({ stepId }) => stepId)).toEqual(['a'])
    const ended = through(publishing, sealed('a'))
    expect([ended.status, statuses(ended)['a'], ended.error?.code]).toEqual(['CANCELLED', 'CANCELLED', 'CANCELLED'])
  })

  it('tells a publish that a stop met as a success of its step, and still ends as intended', () => {
    const published = { rows: ROWS, tables: ['raw.t'], warnings: [], superseded: false }
    const ended = through(chain(), slot, staged('a'), cancel, { type: 'step.sealed', stepId: 'a', published })
    expect([ended.status, statuses(ended)['a'], stepOf(ended, 'a').tables]).toEqual([
      'CANCELLED',
      'SUCCEEDED',
      ['raw.t'],
    ])
  })

  it('refuses PUBLISHING to a step of a run that is stopping', () => {
    const stopping = through(runWith([step('a', []), step('b', [])]), slot, staged('a'), cancel)
    expect(statuses(through(stopping, staged('b')))).toEqual({ a: 'PUBLISHING', b: 'CANCELLED' })
  })

  it('ends at once when nothing of it could become visible', () => {
    expect(through(chain(), cancel).status).toBe('CANCELLED')
    expect(through(chain(), slot, cancel).status).toBe('CANCELLED')
  })

  it('waits for a slot as QUEUED, and says so once', () => {
    const queued = through(chain(), { type: 'slot.full' })
    expect([queued.status, pending(queued).slot]).toEqual(['QUEUED', true])
    expect(through(queued, { type: 'slot.full' })).toBe(queued)
    expect(through(queued, slot).status).toBe('RUNNING')
  })
})

describe('on_failure', () => {
  const fork = (onFailure: StepState['onFailure']) =>
    runWith([step('a', [], { onFailure }), step('beside', []), step('after', ['a'])])

  it('stop skips the rest, stops steps beside it, and the run is FAILED', () => {
    const ended = through(fork('stop'), slot, failed('a'))
    expect([ended.status, statuses(ended)]).toEqual(['FAILED', { a: 'FAILED', beside: 'CANCELLED', after: 'SKIPPED' }])
    expect(ended.error).toEqual({ code: 'DATA_REJECTED', message: 'step a: bad' })
  })

  it('continue goes on with what does not need the step, and the run is FAILED', () => {
    const running = through(fork('continue'), slot, failed('a'))
    expect([running.status, statuses(running)]).toEqual([
      'RUNNING',
      { a: 'FAILED', beside: 'RUNNING', after: 'SKIPPED' },
    ])
    expect(through(running, succeeded('beside')).status).toBe('FAILED')
  })

  it('alert goes on with everything, and the run SUCCEEDED with a warning', () => {
    const ended = through(fork('alert'), slot, failed('a'), succeeded('beside'), succeeded('after'))
    expect([ended.status, ended.warnings]).toEqual(['SUCCEEDED', [{ code: 'DATA_REJECTED', message: 'step a: bad' }]])
  })

  it('a step that fails while it publishes ends only when it is sealed, also where the run goes on', () => {
    const failing = through(fork('continue'), slot, staged('a'), failed('a'))
    expect([statuses(failing)['a'], pending(failing).seals.length]).toEqual(['PUBLISHING', 1])
    expect(statuses(through(failing, sealed('a')))['a']).toBe('FAILED')
  })

  it('a step that runs out of time fails, and a late success of a running one changes nothing', () => {
    const timedOut = through(fork('continue'), slot, { ...base, type: 'step.timed_out', stepId: 'a' }, succeeded('a'))
    expect([statuses(timedOut)['a'], stepOf(timedOut, 'a').error?.code]).toEqual(['FAILED', 'TIMED_OUT'])
  })
})

describe('any sequence of events', () => {
  const ids = ['a', 'b', 'c']
  const stepId = fc.constantFrom(...ids)
  const transition: fc.Arbitrary<Transition> = fc.oneof(
    fc.constant(slot),
    fc.constant<Transition>({ type: 'slot.full' }),
    fc.constant(cancel),
    stepId.map((id) => started(id)),
    stepId.map((id) => started(id, 'publish')),
    stepId.map(staged),
    stepId.map(succeeded),
    stepId.map(failed),
    stepId.map(sealed),
    stepId.map((id): Transition => ({ ...base, type: 'step.timed_out', stepId: id })),
  )
  const onFailure = fc.constantFrom<StepState['onFailure']>('stop', 'continue', 'alert')

  it('reaches one end and never leaves it, ends only with all steps ended, and is not moved by a repetition', () => {
    fc.assert(
      fc.property(
        fc.array(onFailure, { minLength: 3, maxLength: 3 }),
        fc.array(transition, { maxLength: 40 }),
        (kinds, events) => {
          let run = runWith(
            ids.map((id, index) => step(id, index === 2 ? ['a', 'b'] : [], { onFailure: kinds[index] ?? 'stop' })),
          )
          for (const event of events) {
            const before = run
            run = advance(run, event, NOW)
            expect(advance(run, event, NOW), 'a duplicate changes nothing').toBe(run)
            if (runEnded(before)) expect(run).toBe(before)
            if (runEnded(run)) expect(run.steps.every(stepEnded)).toBe(true)
            for (const [index, one] of run.steps.entries()) {
              const was = before.steps[index]
              if (was && stepEnded(was)) expect(one.status).toBe(was.status)
              if (one.status === 'PUBLISHING' && was?.status !== 'PUBLISHING') expect(before.status).toBe('RUNNING')
            }
            if (run.status === 'SUCCEEDED')
              expect(
                run.steps.every(
                  ({ status, onFailure: kind }) => status === 'SUCCEEDED' || (status === 'FAILED' && kind === 'alert'),
                ),
              ).toBe(true)
          }
        },
      ),
      { numRuns: 2_000 },
    )
  })
})

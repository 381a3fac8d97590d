import { describe, expect, test } from 'vitest'
import { UnavailableError } from '@convergence/core/errors.ts'
import type { Task } from '@convergence/core/messages.ts'
import type { TaskQueue } from '@convergence/core/ports/task-queue.ts'
import type { DeliveryHarness } from './deliveries.ts'

const chunk = (number: number): Task => ({
  version: 1,
  trace: 't1',
  type: 'chunk',
  runId: 'r',
  stepId: 's',
  chunk: number,
  link: 0,
})
const numberOf = (payload: unknown) => (payload as { chunk: number }).chunk

export interface TaskQueueHarness extends DeliveryHarness<TaskQueue> {
  /** The delivering side's time. */
  readonly nowMs: () => number
}

export interface TaskQueueTraits {
  /** A task comes again when its error asks for, not only when its queue would. Cloud Tasks has no such thing for one task. */
  readonly comesWhenAsked: boolean
}

/** What every TaskQueue, with what delivers its tasks, must do. */
export const taskQueueContract = (
  name: string,
  makePort: () => Promise<TaskQueueHarness>,
  { comesWhenAsked }: TaskQueueTraits = { comesWhenAsked: true },
): void => {
  describe(`${name} as TaskQueue`, () => {
    test('a task reaches the handler of its queue and no other', async () => {
      const { port, deliver, settle } = await makePort()
      const seen: unknown[] = []
      const handler = (queue: string) => async (payload: unknown, delivery: unknown) => {
        seen.push([queue, payload, delivery])
      }
      await deliver({}, { chunks: handler('chunks'), runs: handler('runs') })
      expect(await port.enqueue('chunks', chunk(1), { name: 'a' })).toBe('enqueued')
      await settle()
      expect(seen).toEqual([['chunks', chunk(1), { attempt: 1, trace: 't1' }]])
    })

    test('a name is refused while its task waits and after it is done, in its own queue only', async () => {
      const { port, deliver, settle } = await makePort()
      const seen: number[] = []
      expect(await port.enqueue('chunks', chunk(1), { name: 'a' })).toBe('enqueued')
      expect(await port.enqueue('chunks', chunk(2), { name: 'a' })).toBe('exists')
      expect(await port.enqueue('runs', chunk(3), { name: 'a' })).toBe('enqueued')
      await deliver({}, { chunks: async (payload) => void seen.push(numberOf(payload)), runs: async () => {} })
      await settle()
      expect(await port.enqueue('chunks', chunk(4), { name: 'a' })).toBe('exists')
      await settle()
      expect(seen).toEqual([1])
    })

    test('of callers that race for a name exactly one enqueues', async () => {
      const { port } = await makePort()
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, (_, index) => port.enqueue('chunks', chunk(index), { name: 'a' })),
      )
      expect(outcomes.filter((outcome) => outcome === 'enqueued')).toHaveLength(1)
    })

    test('a delayed task is not delivered before its time, and holds no other up', async () => {
      const { port, deliver, settle, nowMs } = await makePort()
      const seen: { chunk: number; atMs: number }[] = []
      await deliver({}, { chunks: async (payload) => void seen.push({ chunk: numberOf(payload), atMs: nowMs() }) })
      const startMs = nowMs()
      await port.enqueue('chunks', chunk(1), { name: 'late', delayMs: 2_000 })
      await port.enqueue('chunks', chunk(2), { name: 'soon' })
      await settle()
      expect(seen.map((task) => task.chunk)).toEqual([2, 1])
      expect(seen[1]!.atMs).toBeGreaterThanOrEqual(startMs + 2_000)
    })

    const when = comesWhenAsked ? 'with backoff, not before what the error asks for' : 'with backoff'
    test(`a task is tried again ${when}, and then buried`, async () => {
      const { port, deliver, settle, deadLetters, nowMs } = await makePort()
      const times: number[] = []
      await deliver(
        {},
        {
          chunks: async () => {
            times.push(nowMs())
            throw new UnavailableError('busy', { retryAfterMs: times.length === 1 ? 3_000 : undefined })
          },
        },
      )
      await port.enqueue('chunks', chunk(1), { name: 'a' })
      await settle()
      expect(times).toHaveLength(5)
      if (comesWhenAsked) expect(times[1]! - times[0]!).toBeGreaterThanOrEqual(3_000)
      expect(times[2]!).toBeGreaterThan(times[1]!)
      expect(await deadLetters()).toEqual([chunk(1)])
    })
  })
}

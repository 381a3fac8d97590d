import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { StepCommand, Task } from '@convergence/core/messages.ts'
import { LocalDatabase } from './database/database.ts'
import type { LocalHostOptions } from './host.ts'
import { LocalHost } from './host.ts'
import { SqliteMessageBus } from './message-bus.ts'
import { systemRandom } from './random.ts'
import { SqliteTaskQueue } from './task-queue.ts'
import { ManualTime } from './testing/manual-time.ts'
import { silentLog } from './testing/silent-log.ts'
import { TemporaryFolders } from './testing/temporary-folders.ts'

const folders = new TemporaryFolders()
let database: LocalDatabase
let time: ManualTime
let hosts: LocalHost[]

beforeEach(async () => {
  database = await LocalDatabase.open(join(await folders.make(), 'state.db'))
  time = new ManualTime()
  hosts = []
})
afterEach(async () => {
  await Promise.all(hosts.map((host) => host.stop()))
  await database.close()
  await folders.remove()
})

const makeHost = (options: Partial<LocalHostOptions>) => {
  const host = new LocalHost({
    database,
    clock: time,
    timer: time.timer,
    random: systemRandom,
    log: silentLog,
    handlers: {},
    taskHandlers: {},
    queues: {},
    ...options,
  })
  hosts.push(host)
  return host
}
const command: StepCommand = { version: 1, trace: 't', type: 'step.run', runId: 'r', stepId: 's' }
const chunk = (number: number): Task => ({ ...command, type: 'chunk', chunk: number, link: 0 })
const numberOf = (payload: unknown) => (payload as { chunk: number }).chunk
const policy = { concurrency: 3, maxAttempts: 3, minBackoffMs: 100, maxBackoffMs: 1_000 }

test('what a process had claimed when it died is delivered by the next one', async () => {
  const bus = new SqliteMessageBus(database, time)
  await bus.publish('ingest', command)
  const claim = { channels: [{ channel: 'topics/ingest', limit: 9 }], nowMs: time.nowMs() }
  expect((await database.call('claim', claim)).claimed).toHaveLength(1)
  const attempts: number[] = []
  const host = makeHost({ handlers: { ingest: async (_, { attempt }) => void attempts.push(attempt) } })
  await host.start()
  await host.idle()
  expect(attempts).toEqual([2])
})

test('what kills its process again and again ends as a dead letter, not for ever', async () => {
  await new SqliteMessageBus(database, time).publish('ingest', command)
  const claim = { channels: [{ channel: 'topics/ingest', limit: 9 }], nowMs: time.nowMs() }
  for (let death = 0; death < 21; death += 1) {
    await database.call('claim', claim)
    await database.call('releaseClaims', ['topics/ingest'])
  }
  let delivered = 0
  const host = makeHost({ handlers: { ingest: async () => void (delivered += 1) } })
  await host.start()
  await host.idle()
  expect(delivered).toBe(0)
  expect(await database.call('listDeadLetters', 9)).toMatchObject([{ code: 'INTERNAL', attempts: 22 }])
})

test('no more handlers run at once than the queue allows, and all tasks are done', async () => {
  const tasks = new SqliteTaskQueue(database, time)
  await Promise.all(
    Array.from({ length: 20 }, (_, index) => tasks.enqueue('chunks', chunk(index), { name: `${index}` })),
  )
  let running = 0
  let most = 0
  const done = new Set<number>()
  const host = makeHost({
    queues: { chunks: policy },
    taskHandlers: {
      chunks: async (payload) => {
        running += 1
        most = Math.max(most, running)
        await new Promise((resolve) => setImmediate(resolve))
        running -= 1
        done.add(numberOf(payload))
      },
    },
  })
  await host.start()
  await host.idle()
  expect([most, done.size]).toEqual([3, 20])
})

test('a queue with a rate begins no more than that a second, after a second worth at once', async () => {
  const tasks = new SqliteTaskQueue(database, time)
  await Promise.all(
    Array.from({ length: 9 }, (_, index) => tasks.enqueue('chunks', chunk(index), { name: `${index}` })),
  )
  const startMs = time.nowMs()
  const begun: number[] = []
  const host = makeHost({
    queues: { chunks: { ...policy, ratePerSecond: 4 } },
    taskHandlers: { chunks: async () => void begun.push(time.nowMs() - startMs) },
  })
  await host.start()
  await time.runUntil(host.idle())
  expect(begun).toEqual([0, 0, 0, 0, 250, 500, 750, 1_000, 1_250])
})

test('a stop waits for the handlers under way, and begins nothing more', async () => {
  const bus = new SqliteMessageBus(database, time)
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>()
  const { promise: released, resolve: release } = Promise.withResolvers<void>()
  const seen: string[] = []
  const handlers = {
    ingest: async () => {
      begin()
      await released
      await bus.publish('dq', command)
      seen.push('ingest')
    },
    dq: async () => void seen.push('dq'),
  }
  const host = makeHost({ handlers })
  await host.start()
  await bus.publish('ingest', command)
  await begun
  const stopped = host.stop().then(() => seen.push('stopped'))
  release()
  await stopped
  expect(seen).toEqual(['ingest', 'stopped'])
  const next = makeHost({ handlers })
  await next.start()
  await next.idle()
  expect(seen).toEqual(['ingest', 'stopped', 'dq'])
})

test('a dead letter is told of with its reason before it is put away; what that throws changes nothing', async () => {
  const letters: unknown[] = []
  const host = makeHost({
    handlers: {
      ingest: async () => {
        throw new Error('boom')
      },
    },
    topics: { ingest: { ...policy, maxAttempts: 1 } },
    onDeadLetter: ({ channel, payload, attempts, reason }) => {
      letters.push([channel, payload, attempts, reason.message])
      throw new Error('not now')
    },
  })
  await host.start()
  await new SqliteMessageBus(database, time).publish('ingest', command)
  await host.idle()
  expect(letters).toEqual([['topics/ingest', command, 1, 'boom']])
  expect(await database.call('listDeadLetters', 9)).toMatchObject([{ channel: 'topics/ingest', reason: 'boom' }])
})

test('what is due later than asked for does not keep a host from being idle', async () => {
  await new SqliteTaskQueue(database, time).enqueue('runs', chunk(1), { name: 'a', delayMs: 60_000 })
  let done = false
  const host = makeHost({ queues: { runs: policy }, taskHandlers: { runs: async () => void (done = true) } })
  await host.start()
  await host.idle({ withinMs: 10_000 })
  expect(done).toBe(false)
  await time.runUntil(host.idle())
  expect(done).toBe(true)
})

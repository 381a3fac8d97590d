import { UnavailableError } from '@convergence/core/errors.ts'
import type { Message, Topic } from '@convergence/core/messages.ts'
import { expect, test } from 'vitest'
import { failDeadLetter } from './fail-dead-letter.ts'

const base = { version: 1, trace: 't', runId: 'r' } as const

const answers = async (channel: string, payload: unknown): Promise<[Topic, Message][]> => {
  const sent: [Topic, Message][] = []
  const bus = { publish: async (topic: Topic, message: Message) => void sent.push([topic, message]) }
  await failDeadLetter(bus, { channel, payload, attempts: 10, reason: new UnavailableError('the disk is full') })
  return sent
}

const error = { code: 'UNAVAILABLE', message: 'the disk is full (given up after 10 attempts)' }

test.each([
  ['a command', 'topics/ingest', { ...base, type: 'step.run', stepId: 's' }],
  ['a chunk', 'queues/chunks', { ...base, type: 'chunk', stepId: 's', chunk: 3, link: 0 }],
  ['a look at a job', 'queues/dq-jobs', { ...base, type: 'step', stepId: 's', command: 'step.publish', tick: 4 }],
])('%s that was given up fails its step', async (_what, channel, payload) => {
  expect(await answers(channel, payload)).toEqual([
    ['run-events', { ...base, type: 'step.failed', stepId: 's', error }],
  ])
})

test('an event that was given up stops its run, so that it does not wait for ever', async () => {
  const event = { ...base, type: 'step.staged', stepId: 's', stem: 'x' }
  expect(await answers('topics/run-events', event)).toEqual([
    ['run-events', { ...base, type: 'run.stop', intent: { end: 'FAILED', reason: error } }],
  ])
})

test('a stop that was given up asks for no further stop', async () => {
  const stop = { ...base, type: 'run.stop', intent: { end: 'CANCELLED', reason: error } }
  expect(await answers('topics/run-events', stop)).toEqual([])
  expect(await answers('queues/runs', { ...base, type: 'run', check: 'stop', tick: 0 })).toEqual([])
})

test('what is no message of a run is left to the dead letters', async () => {
  expect(await answers('topics/uploads', { version: 1 })).toEqual([])
})

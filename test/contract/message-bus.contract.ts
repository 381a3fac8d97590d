import { describe, expect, test } from 'vitest'
import { NotFoundError, UnavailableError } from '@convergence/core/errors.ts'
import type { StepCommand } from '@convergence/core/messages.ts'
import type { MessageBus } from '@convergence/core/ports/message-bus.ts'
import type { DeliveryHarness } from './deliveries.ts'

const command = (stepId: string): StepCommand => ({ version: 1, trace: 't1', type: 'step.run', runId: 'r', stepId })

/** What every MessageBus, with what delivers its messages, must do. */
export const messageBusContract = (name: string, makePort: () => Promise<DeliveryHarness<MessageBus>>): void => {
  describe(`${name} as MessageBus`, () => {
    test('a message reaches the handler of its topic and no other, with its trace', async () => {
      const { port, deliver, settle } = await makePort()
      const seen: unknown[] = []
      const handler = (topic: string) => async (payload: unknown, delivery: unknown) => {
        seen.push([topic, payload, delivery])
      }
      await deliver({ ingest: handler('ingest'), dq: handler('dq') }, {})
      await port.publish('ingest', command('a'))
      await port.publish('dq', command('b'))
      await settle()
      expect(seen).toHaveLength(2)
      expect(seen).toContainEqual(['ingest', command('a'), { attempt: 1, trace: 't1' }])
      expect(seen).toContainEqual(['dq', command('b'), { attempt: 1, trace: 't1' }])
    })

    test('what was published before anybody listened is delivered, and twice what was published twice', async () => {
      const { port, deliver, settle } = await makePort()
      await port.publish('ingest', command('a'))
      await port.publish('ingest', command('a'))
      let count = 0
      await deliver({ ingest: async () => void (count += 1) }, {})
      await settle()
      expect(count).toBe(2)
    })

    test('a message whose handler throws is delivered again until it resolves', async () => {
      const { port, deliver, settle, deadLetters } = await makePort()
      const attempts: number[] = []
      await deliver(
        {
          ingest: async (_, { attempt }) => {
            attempts.push(attempt)
            if (attempts.length < 3) throw new UnavailableError('not now')
          },
        },
        {},
      )
      await port.publish('ingest', command('a'))
      await settle()
      expect(attempts).toEqual([1, 2, 3])
      expect(await deadLetters()).toEqual([])
    })

    test('a message that always fails becomes a dead letter after the last attempt', async () => {
      const { port, deliver, settle, deadLetters } = await makePort()
      let count = 0
      await deliver(
        {
          ingest: async () => {
            count += 1
            throw new UnavailableError('never')
          },
        },
        {},
      )
      await port.publish('ingest', command('a'))
      await settle()
      expect(count).toBe(5)
      expect(await deadLetters()).toEqual([command('a')])
    })

    test('a message that can never succeed becomes a dead letter at once, and holds no other up', async () => {
      const { port, deliver, settle, deadLetters } = await makePort()
      const seen: string[] = []
      await deliver(
        {
          ingest: async (payload) => {
            const { stepId } = payload as StepCommand
            seen.push(stepId)
            if (stepId === 'bad') throw new NotFoundError('no such step')
          },
        },
        {},
      )
      await port.publish('ingest', command('bad'))
      await port.publish('ingest', command('good'))
      await settle()
      expect(seen.toSorted()).toEqual(['bad', 'good'])
      expect(await deadLetters()).toEqual([command('bad')])
    })

    test('handlers may publish: a chain runs to its end', async () => {
      const { port, deliver, settle } = await makePort()
      let last = 0
      await deliver(
        {
          ingest: async (payload) => {
            last = Number((payload as StepCommand).stepId)
            if (last < 20) await port.publish('ingest', command(String(last + 1)))
          },
        },
        {},
      )
      await port.publish('ingest', command('1'))
      await settle()
      expect(last).toBe(20)
    })
  })
}

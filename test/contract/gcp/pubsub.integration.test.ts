import { afterAll, expect, test } from 'vitest'
import { openClients } from '@convergence/gcp/clients.ts'
import { PubSubMessageBus } from '@convergence/gcp/message-bus.ts'
import { systemRandom } from '@convergence/gcp/random.ts'
import { startPubsub } from '../../integration/servers/pubsub.ts'
import { messageBusContract } from '../message-bus.contract.ts'
import { pubsubHarness } from './pubsub.ts'

const server = await startPubsub()
const clients = openClients('p1', { pubsub: `127.0.0.1:${server.port}` })
const client = await clients.pubsub()
afterAll(async () => {
  await clients.close()
  await server.stop()
})

let count = 0
const freshPrefix = () => `t${(count += 1)}-`

messageBusContract('PubSubMessageBus on Google’s emulator', () => pubsubHarness(client, freshPrefix()))

const stepRun = { version: 1, trace: 'trace-1', type: 'step.run', runId: 'run-1', stepId: 's' } as const
const busOf = (prefix: string) =>
  new PubSubMessageBus({ client: () => Promise.resolve(client), prefix, random: systemRandom })

test('a message is there as soon as publish answers, with attributes that say what it is', async () => {
  const prefix = freshPrefix()
  const [topic] = await client.createTopic(`${prefix}ingest`)
  const [subscription] = await topic.createSubscription(`${prefix}ingest`)
  await busOf(prefix).publish('ingest', stepRun)
  const received = new Promise<{ data: Buffer; attributes: object }>((resolve) => {
    subscription.on('message', (message) => {
      message.ack()
      resolve(message)
    })
  })
  const { data, attributes } = await received
  expect(JSON.parse(data.toString())).toEqual(stepRun)
  expect(attributes).toMatchObject({ version: '1', type: 'step.run', trace: 'trace-1', run: 'run-1' })
})

test('a topic that is not there is an error that names it', async () => {
  await expect(busOf('absent-').publish('dq', stepRun)).rejects.toMatchObject({
    code: 'NOT_FOUND',
    message: expect.stringContaining('absent-dq') as string,
  })
})

test('a message that no function would take is refused', async () => {
  const long = { ...stepRun, stepId: 's'.repeat(700_000) }
  await expect(busOf('absent-').publish('dq', long)).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' })
})

import { toPlatformError } from '@convergence/core/errors.ts'
import type { Topic } from '@convergence/core/messages.ts'
import type { MessageBus } from '@convergence/core/ports/message-bus.ts'
import type { Clients } from '@convergence/gcp/clients.ts'
import { PubSubMessageBus } from '@convergence/gcp/message-bus.ts'
import { systemRandom } from '@convergence/gcp/random.ts'
import type { DeliveryHarness } from '../deliveries.ts'
import { Outstanding } from './outstanding.ts'

type PubSub = Awaited<ReturnType<Clients['pubsub']>>

/** What a subscription gives. */
interface Delivered {
  readonly data: Buffer
  readonly deliveryAttempt: number
  ack(): void
  nack(): void
}

type Handler = (payload: unknown, delivery: { attempt: number; trace: string }) => Promise<void>

process.env['METADATA_SERVER_DETECTION'] ??= 'none'

const TOPICS: readonly Topic[] = ['ingest', 'dq']

/** Topics, subscriptions and dead letters of one test, as Terraform makes them; delivered by pull. */
export const pubsubHarness = async (client: PubSub, prefix: string): Promise<DeliveryHarness<MessageBus>> => {
  const outstanding = new Outstanding()
  const letters: unknown[] = []
  const [dead] = await client.createTopic(`${prefix}dead`)
  const [deadSubscription] = await dead.createSubscription(`${prefix}dead`)
  const bury = (payload: unknown) => {
    letters.push(payload)
    outstanding.done()
  }
  deadSubscription.on('message', (message: Delivered) => {
    message.ack()
    bury(JSON.parse(message.data.toString()))
  })
  for (const topic of TOPICS) {
    const [made] = await client.createTopic(prefix + topic)
    await made.createSubscription(prefix + topic, {
      retryPolicy: { minimumBackoff: { nanos: 100_000_000 }, maximumBackoff: { seconds: 1 } },
      deadLetterPolicy: { deadLetterTopic: dead.name, maxDeliveryAttempts: 5 },
    })
  }
  const bus = new PubSubMessageBus({ client: () => Promise.resolve(client), prefix, random: systemRandom })
  const take = (handler: Handler) => async (message: Delivered) => {
    const payload = JSON.parse(message.data.toString()) as { trace: string }
    try {
      await handler(payload, { attempt: message.deliveryAttempt, trace: payload.trace })
      message.ack()
      outstanding.done()
    } catch (error) {
      if (toPlatformError(error).retryable) return message.nack()
      // As the functions do: what can never succeed is acknowledged and recorded.
      message.ack()
      bury(payload)
    }
  }
  return {
    port: {
      publish: async (topic, message) => {
        outstanding.add()
        await bus.publish(topic, message)
      },
    },
    deliver: async (handlers) => {
      for (const topic of TOPICS) {
        const handler = handlers[topic]
        if (handler)
          client.subscription(prefix + topic).on('message', (message: Delivered) => void take(handler)(message))
      }
    },
    settle: () => outstanding.settle(),
    deadLetters: () => Promise.resolve(letters),
  }
}

import type { PubSub } from '@google-cloud/pubsub'
import { LimitExceededError } from '@convergence/core/errors.ts'
import type { Message, Topic } from '@convergence/core/messages.ts'
import type { MessageBus } from '@convergence/core/ports/message-bus.ts'
import { withAttempts, type Attempts } from './attempts.ts'
import { fromGrpcError } from './errors/grpc.ts'

export interface PubSubMessageBusOptions extends Attempts {
  /** Opened by the first message. */
  readonly client: () => Promise<PubSub>
  /** Before the topics' names. */
  readonly prefix: string
}

/** Of 10 MB that Pub/Sub takes (https://cloud.google.com/pubsub/quotas#resource_limits) a push's reader takes 1 MiB, in base64. */
const MAX_BYTES = 700_000
/** Of one attempt; the client's own retries would hold a handler for ten minutes. */
const TIMEOUT_MS = 15_000

/** Messages on Pub/Sub: pushes deliver them. */
export class PubSubMessageBus implements MessageBus {
  readonly #options: PubSubMessageBusOptions

  constructor(options: PubSubMessageBusOptions) {
    this.#options = options
  }

  async publish(topic: Topic, message: Message): Promise<void> {
    const data = Buffer.from(JSON.stringify(message))
    const label = `topic ${this.#options.prefix}${topic}`
    if (data.length > MAX_BYTES)
      throw new LimitExceededError(`a message to ${label} has ${data.length} bytes, more than ${MAX_BYTES}`)
    const client = await this.#options.client()
    // One message a batch: what stays in an open batch when a function answers is lost with its instance.
    const target = client.topic(`${this.#options.prefix}${topic}`, {
      batching: { maxMessages: 1 },
      gaxOpts: { timeout: TIMEOUT_MS, retry: null },
    })
    await withAttempts(this.#options, async () => {
      try {
        await target.publishMessage({ data, attributes: attributesOf(message) })
      } catch (error) {
        throw fromGrpcError(error, label)
      }
    })
  }
}

/** For filters and for who reads dead letters; handlers read the message itself. At most 1,024 bytes each. */
const attributesOf = (message: Message): Record<string, string> => ({
  version: String(message.version),
  type: message.type,
  trace: message.trace,
  ...('runId' in message && { run: message.runId }),
})

import type { Message, Topic } from '../messages.ts'

/**
 * Messages between the functions: at least once, in any order, redelivered with backoff until acknowledged, then to the topic's
 * dead letters. Pub/Sub; node:sqlite embedded. Who hosts the functions subscribes them; a handler only publishes.
 */
export interface MessageBus {
  /** Durable when it answers. Publishing one message twice gives two deliveries. Throws UnavailableError. */
  publish(topic: Topic, message: Message): Promise<void>
}

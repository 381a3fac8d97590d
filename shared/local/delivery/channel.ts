import type { Delivery, Queue, Topic } from '@convergence/core/messages.ts'
import type { DeliveryPolicy } from './policy.ts'
import { RateLimit } from './rate-limit.ts'

/** Resolves when the delivery's effects are durable; throws a PlatformError that says whether to try again. */
export type DeliveryHandler = (payload: unknown, delivery: Delivery) => Promise<void>

/** Where deliveries wait: topics and queues share one table. */
export const topicChannel = (topic: Topic): string => `topics/${topic}`
export const queueChannel = (queue: Queue): string => `queues/${queue}`

/** One topic's or queue's deliveries in this process. */
export class Channel {
  readonly name: string
  readonly handler: DeliveryHandler
  readonly policy: DeliveryPolicy
  readonly #rate: RateLimit | undefined
  #running = 0

  constructor(name: string, handler: DeliveryHandler, policy: DeliveryPolicy, nowMs: number) {
    this.name = name
    this.handler = handler
    this.policy = policy
    this.#rate = policy.ratePerSecond === undefined ? undefined : new RateLimit(policy.ratePerSecond, nowMs)
  }

  /** How many more deliveries may begin now. */
  room(nowMs: number): number {
    const slots = this.policy.concurrency - this.#running
    return this.#rate ? Math.min(slots, this.#rate.available(nowMs)) : slots
  }

  /** When something due at `dueMs` may begin; undefined: not before another one ends. */
  mayBeginMs(dueMs: number, nowMs: number): number | undefined {
    if (this.#running >= this.policy.concurrency) return undefined
    return Math.max(dueMs, this.#rate?.nextMs(nowMs) ?? 0)
  }

  begin(): void {
    this.#running += 1
    this.#rate?.take(1)
  }

  end(): void {
    this.#running -= 1
  }
}

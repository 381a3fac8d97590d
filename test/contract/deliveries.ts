import type { Delivery, Queue, Topic } from '@convergence/core/messages.ts'

type Handler = (payload: unknown, delivery: Delivery) => Promise<void>

/** A platform's bus and queues with something that delivers to handlers, as the contract suites need it. */
export interface DeliveryHarness<Port> {
  readonly port: Port
  /** From now on; at most one handler each. At most five attempts. */
  readonly deliver: (
    handlers: Partial<Record<Topic, Handler>>,
    taskHandlers: Partial<Record<Queue, Handler>>,
  ) => Promise<void>
  /** Lets time pass, retries and delays included, until nothing is left to deliver. */
  readonly settle: () => Promise<void>
  /** Payloads that became dead letters. */
  readonly deadLetters: () => Promise<unknown[]>
}

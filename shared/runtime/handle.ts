import { InvalidInputError, toPlatformError } from '@convergence/core/errors.ts'
import type { PlatformError } from '@convergence/core/errors.ts'
import type { Delivery } from '@convergence/core/messages.ts'
import type { Log } from '@convergence/core/ports/log.ts'

/** What a host does with a delivery. Of a failure that may pass it learns by the error that is thrown: it delivers again. */
export type Handled =
  | { readonly outcome: 'done' }
  /** Delivering it again gives the same: recorded, and to be acknowledged; a host with dead letters puts it there. */
  | { readonly outcome: 'rejected'; readonly error: PlatformError }

interface HandleOptions<T> {
  /** For logs: the function's name. */
  readonly name: string
  /** A zod model, which throws on a payload that it does not know. */
  readonly schema: { parse(payload: unknown): T }
  readonly log: Log
  readonly run: (payload: T, delivery: Delivery, log: Log) => Promise<void>
}

/** Turns a handler into what a host can deliver to: the payload is checked, the log knows the delivery, and errors become transport by their class. */
export const handle =
  <T>({ name, schema, log, run }: HandleOptions<T>) =>
  async (payload: unknown, delivery: Delivery): Promise<Handled> => {
    const own = log.with({ function: name, trace: delivery.trace, attempt: delivery.attempt })
    try {
      await run(parse(schema, payload), delivery, own)
      return { outcome: 'done' }
    } catch (thrown) {
      const error = toPlatformError(thrown)
      if (!error.retryable) {
        own.error(`${name} rejected a delivery`, { error })
        return { outcome: 'rejected', error }
      }
      own.warn(`${name} failed and will be tried again`, { error })
      throw error
    }
  }

const parse = <T>(schema: { parse(payload: unknown): T }, payload: unknown): T => {
  try {
    return schema.parse(payload)
  } catch (error) {
    throw new InvalidInputError('the payload is not one that this function knows', { cause: error })
  }
}

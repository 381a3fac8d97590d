import { InvalidInputError } from '@convergence/core/errors.ts'

/** A message as Pub/Sub pushes it (https://cloud.google.com/pubsub/docs/push#receive_push). */
export interface PushMessage {
  readonly messageId: string
  readonly data: Buffer
  readonly attributes: Readonly<Record<string, string>>
  /** 1 is the first; 1 too for a subscription without a dead letter topic, which does not count. */
  readonly attempt: number
}

/** The message in the body of a push. Throws InvalidInputError. */
export const parsePush = (body: Buffer): PushMessage => {
  const { message, deliveryAttempt } = parseJson(body, 'the push') as {
    message?: Partial<Record<'data' | 'messageId' | 'attributes', unknown>>
    deliveryAttempt?: unknown
  }
  if (typeof message !== 'object' || message === null) throw new InvalidInputError('the push holds no message')
  const { data = '', messageId = '', attributes = {} } = message
  if (typeof data !== 'string' || typeof messageId !== 'string')
    throw new InvalidInputError('the push’s message is not one of Pub/Sub')
  return {
    messageId,
    data: Buffer.from(data, 'base64'),
    attributes: Object.fromEntries(
      Object.entries(attributes ?? {}).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
    ),
    attempt: typeof deliveryAttempt === 'number' && deliveryAttempt >= 1 ? Math.trunc(deliveryAttempt) : 1,
  }
}

/** Throws InvalidInputError: not JSON, or no object. */
export const parseJson = (body: Buffer, what: string): object => {
  let value: unknown
  try {
    value = JSON.parse(body.toString('utf8'))
  } catch (error) {
    throw new InvalidInputError(`${what} is no JSON: ${(error as Error).message}`)
  }
  if (typeof value !== 'object' || value === null) throw new InvalidInputError(`${what} is no JSON object`)
  return value
}

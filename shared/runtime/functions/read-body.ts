import type { IncomingMessage } from 'node:http'
import { InvalidInputError, LimitExceededError } from '@convergence/core/errors.ts'

/**
 * The body, at most `maxBytes` of it; of a longer one the rest is read and dropped, so that its sender hears the answer (32 MB reach a
 * function at most). Throws LimitExceededError, and InvalidInputError for one that is
 * compressed: nothing that calls the functions does that.
 */
export const readBody = async (request: IncomingMessage, maxBytes: number): Promise<Buffer> => {
  const encoding = request.headers['content-encoding'] ?? 'identity'
  if (encoding !== 'identity') throw new InvalidInputError(`the content encoding ${encoding} is not accepted`)
  const chunks: Buffer[] = []
  let total = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    total += chunk.byteLength
    if (total <= maxBytes) chunks.push(chunk)
  }
  if (total > maxBytes) throw new LimitExceededError(`the body is larger than ${maxBytes} bytes`)
  return Buffer.concat(chunks)
}

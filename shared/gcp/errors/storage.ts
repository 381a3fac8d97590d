import {
  ConflictError,
  ForbiddenError,
  InternalError,
  InvalidInputError,
  LimitExceededError,
  NotFoundError,
  PlatformError,
  UnauthenticatedError,
  UnavailableError,
} from '@convergence/core/errors.ts'
import { retryAfterMs } from './retry-after.ts'

/** What Cloud Storage's client throws: an ApiError, or an error of node's sockets with a code such as ECONNRESET. */
interface StorageErrorShape {
  readonly code?: unknown
  readonly message?: unknown
  readonly errors?: readonly { readonly reason?: string; readonly message?: string }[]
  readonly response?: { readonly headers?: unknown }
}

/** Rates that answer 403 instead of 429 (https://cloud.google.com/storage/docs/json_api/v1/status-codes#403-forbidden). */
const RATE_REASONS = ['rateLimitExceeded', 'userRateLimitExceeded', 'quotaExceeded', 'dailyLimitExceeded']
/** About one write a second is taken for one object (https://cloud.google.com/storage/quotas#objects). */
const RATE_PAUSE_MS = 1_000

/** `details.status` is the HTTP status, where there was one. `what` names the object for the user. */
export const fromStorageError = (error: unknown, what: string): PlatformError => {
  if (error instanceof PlatformError) return error
  const { code, errors, response } = error as StorageErrorShape
  const status = statusOf(code)
  const { reason, message } = problemOf(error as StorageErrorShape)
  const text = `${what}: ${message}`
  const options = { cause: error, details: { status, reason: reason ?? errors?.[0]?.reason } }
  const later = { ...options, retryAfterMs: retryAfterMs(response?.headers) }
  if (status === undefined) return fromSocketError(code, text, options)
  if (status === 429 || (status === 403 && RATE_REASONS.includes(reason ?? '')))
    return new UnavailableError(text, { ...later, retryAfterMs: later.retryAfterMs ?? RATE_PAUSE_MS })
  if (status === 408 || status >= 500 || isCorruption(status, message)) return new UnavailableError(text, later)
  switch (status) {
    case 401:
      return new UnauthenticatedError(text, options)
    case 403:
      return new ForbiddenError(`${text}; grant the function's account access to the bucket`, options)
    case 404:
      return new NotFoundError(text, options)
    case 409:
    case 412:
      return new ConflictError(text, options)
    case 413:
      return new LimitExceededError(text, options)
    case 400:
    case 411:
    case 416:
      return new InvalidInputError(text, options)
    default:
      return new InternalError(text, options)
  }
}

/** The bytes that arrived are not those that were sent. */
const isCorruption = (status: number, message: string): boolean =>
  status === 400 && /^provided (crc32c|md5) .*doesn't match/i.test(message)

const statusOf = (code: unknown): number | undefined => {
  const status = Number(code)
  return Number.isInteger(status) && status >= 400 && status < 600 ? status : undefined
}

/** A read's ApiError has the whole body as its message: JSON, or the word that alt=media answers. */
const problemOf = ({ message, errors }: StorageErrorShape): { reason?: string | undefined; message: string } => {
  const text = String(message)
  if (text.startsWith('{'))
    try {
      const { error } = JSON.parse(text) as { error?: { message?: string; errors?: { reason?: string }[] } }
      if (error?.message) return { reason: error.errors?.[0]?.reason, message: error.message }
    } catch {
      // Not the JSON that it looked like: the text itself is the best that there is.
    }
  return { reason: errors?.[0]?.reason, message: text.slice(0, 500) }
}

const fromSocketError = (code: unknown, text: string, options: { cause: unknown }): PlatformError =>
  typeof code === 'string' &&
  /^(E[A-Z_]+|UND_ERR_[A-Z_]+|ERR_STREAM_PREMATURE_CLOSE|CONTENT_DOWNLOAD_MISMATCH)$/.test(code)
    ? new UnavailableError(text, options)
    : new InternalError(text, options)

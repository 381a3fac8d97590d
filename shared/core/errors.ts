/**
 * One base error; a subclass fixes code and retryability. Vendors' errors become these in an adapter's `errors.ts` and nowhere else:
 * what is unknown is retryable, and the queue caps the attempts.
 */
export type ErrorCode =
  | 'INVALID_CONFIG'
  | 'INVALID_INPUT'
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'NOT_FOUND'
  | 'CONFLICT'
  | 'LIMIT_EXCEEDED'
  | 'DATA_REJECTED'
  | 'UNAVAILABLE'
  | 'INTERNAL'

export interface ErrorOptions {
  readonly details?: Readonly<Record<string, unknown>> | undefined
  readonly cause?: unknown
  /** Not before this many milliseconds; from Retry-After and the like. */
  readonly retryAfterMs?: number | undefined
}

export class PlatformError extends Error {
  readonly code: ErrorCode
  readonly retryable: boolean
  readonly details: Readonly<Record<string, unknown>>
  readonly retryAfterMs: number | undefined

  constructor(code: ErrorCode, retryable: boolean, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = new.target.name
    this.code = code
    this.retryable = retryable
    this.details = options.details ?? {}
    this.retryAfterMs = options.retryAfterMs
  }
}

const terminal = (code: ErrorCode) =>
  class extends PlatformError {
    constructor(message: string, options?: ErrorOptions) {
      super(code, false, message, options)
    }
  }

export class InvalidConfigError extends terminal('INVALID_CONFIG') {}
export class InvalidInputError extends terminal('INVALID_INPUT') {}
export class UnauthenticatedError extends terminal('UNAUTHENTICATED') {}
export class ForbiddenError extends terminal('FORBIDDEN') {}
export class NotFoundError extends terminal('NOT_FOUND') {}
export class ConflictError extends terminal('CONFLICT') {}
/** Data that the source or the schema makes unusable: trying again gives the same. */
export class DataRejectedError extends terminal('DATA_REJECTED') {}
/** A limit that trying again does not lift (sizes, budgets). */
export class LimitExceededError extends terminal('LIMIT_EXCEEDED') {}

/** Something outside failed, and may work again. */
export class UnavailableError extends PlatformError {
  constructor(message: string, options?: ErrorOptions) {
    super('UNAVAILABLE', true, message, options)
  }
}

/** A defect of ours, or a failure that nobody foresaw: retryable, capped by the queue. */
export class InternalError extends PlatformError {
  constructor(message: string, options?: ErrorOptions) {
    super('INTERNAL', true, message, options)
  }
}

/** Any thrown value as a PlatformError: unknown ones are retryable, and keep their cause. */
export const toPlatformError = (error: unknown): PlatformError =>
  error instanceof PlatformError
    ? error
    : new InternalError(error instanceof Error ? error.message : String(error), { cause: error })

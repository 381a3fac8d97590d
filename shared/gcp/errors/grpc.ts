import {
  ConflictError,
  ForbiddenError,
  InternalError,
  InvalidInputError,
  NotFoundError,
  PlatformError,
  UnauthenticatedError,
  UnavailableError,
} from '@convergence/core/errors.ts'

/** google.rpc.Code (https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto). */
export const GRPC = {
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const

/** What the clients of Pub/Sub, Cloud Tasks and Secret Manager throw (gax's GoogleError). */
interface GrpcErrorShape {
  readonly code?: unknown
  readonly message?: unknown
  readonly reason?: unknown
  readonly statusDetails?: unknown
}

/** Quotas are for a minute (https://cloud.google.com/pubsub/quotas): where nothing says when, come back within one. */
const QUOTA_PAUSE_MS = 30_000

/** `details.code` is the gRPC code. `what` names the topic, queue or secret for the user. */
export const fromGrpcError = (error: unknown, what: string): PlatformError => {
  if (error instanceof PlatformError) return error
  const { code, message, reason, statusDetails } = error as GrpcErrorShape
  const text = `${what}: ${String(message)}`
  const options = { cause: error, details: { code, reason } }
  const retryAfterMs = delayOf(statusDetails)
  switch (code) {
    case GRPC.INVALID_ARGUMENT:
    case GRPC.OUT_OF_RANGE:
      return new InvalidInputError(text, options)
    case GRPC.NOT_FOUND:
      return new NotFoundError(text, options)
    case GRPC.ALREADY_EXISTS:
    case GRPC.FAILED_PRECONDITION:
      return new ConflictError(text, options)
    case GRPC.PERMISSION_DENIED:
      return new ForbiddenError(`${text}; grant the function's account the role that it lacks`, options)
    case GRPC.UNAUTHENTICATED:
      return new UnauthenticatedError(text, options)
    case GRPC.RESOURCE_EXHAUSTED:
      return new UnavailableError(text, { ...options, retryAfterMs: retryAfterMs ?? QUOTA_PAUSE_MS })
    case GRPC.CANCELLED:
    case GRPC.UNKNOWN:
    case GRPC.DEADLINE_EXCEEDED:
    case GRPC.ABORTED:
    case GRPC.INTERNAL:
    case GRPC.UNAVAILABLE:
      return new UnavailableError(text, { ...options, retryAfterMs })
    case GRPC.UNIMPLEMENTED:
      return new PlatformError('INTERNAL', false, text, options)
    default:
      return new InternalError(text, options)
  }
}

/** google.rpc.RetryInfo among the details (https://cloud.google.com/apis/design/errors#error_details). */
const delayOf = (details: unknown): number | undefined => {
  if (!Array.isArray(details)) return undefined
  for (const detail of details as { retryDelay?: { seconds?: unknown; nanos?: unknown } | string }[]) {
    const delay = detail.retryDelay
    if (delay === undefined) continue
    // JSON, as over REST, has `1.5s`.
    if (typeof delay === 'string') return Math.ceil(Number.parseFloat(delay) * 1_000)
    return Number(delay.seconds ?? 0) * 1_000 + Math.ceil(Number(delay.nanos ?? 0) / 1e6)
  }
  return undefined
}

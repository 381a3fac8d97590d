import {
  ForbiddenError,
  InvalidInputError,
  LimitExceededError,
  PlatformError,
  UnavailableError,
} from '@convergence/core/errors.ts'
import { safeUrl } from './url.ts'

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection was closed',
  EPIPE: 'the connection was closed',
  UND_ERR_SOCKET: 'the connection was closed',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'the answer is shorter than it said',
  ENOTFOUND: 'the name is not known',
  EAI_AGAIN: 'the name could not be looked up',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the network cannot be reached',
  ETIMEDOUT: 'the connection timed out',
  UND_ERR_CONNECT_TIMEOUT: 'the connection timed out',
}

/** A certificate that does not prove the host: trying again gives the same. */
const CERTIFICATE =
  /^(CERT_|UNABLE_TO_|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT|ERR_TLS_CERT_ALTNAME_INVALID|HOSTNAME_MISMATCH)/

/** Ours, and those that a socket wraps: several addresses that all failed, for one. */
const ownError = (error: unknown): PlatformError | undefined => {
  if (error instanceof PlatformError) return error
  if (error instanceof AggregateError) return error.errors.map(ownError).find(Boolean)
  return error instanceof Error && error.cause !== undefined ? ownError(error.cause) : undefined
}

/** A transport's error as ours. Its message names the URL without the query's values. */
export const toHttpError = (error: unknown, url: URL): PlatformError => {
  const own = ownError(error)
  if (own !== undefined) return own
  const code = codeOf(error)
  const target = safeUrl(url)
  if (CERTIFICATE.test(code))
    return new ForbiddenError(`${target}: the server's certificate is not valid (${code})`, { cause: error })
  if (code === 'UND_ERR_HEADERS_OVERFLOW')
    return new LimitExceededError(`${target}: the answer's headers are too large`, { cause: error })
  if (code === 'UND_ERR_INVALID_ARG')
    return new InvalidInputError(`${target}: the request is not valid: ${messageOf(error)}`)
  return new UnavailableError(`${target}: ${REASONS[code] ?? `the exchange failed (${code || messageOf(error)})`}`, {
    cause: error,
  })
}

const codeOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : ''

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

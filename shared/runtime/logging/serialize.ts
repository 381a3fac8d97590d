import { PlatformError } from '@convergence/core/errors.ts'

/** Deeper values are cut: a log line is no place for documents. */
const MAX_DEPTH = 8
const MAX_ITEMS = 100
const MAX_TEXT = 10_000

/** Words that a name of a secret ends with: `authorization`, `x-api-key`, `adminKey`, `client_secret`, `access_token`. */
const SECRET_NAME =
  /(^|_)(authorization|cookies?|credentials?|passwords?|passwd|pepper|secrets?|token|apikey|(api|admin|access|private|secret)_key)$/

const isSecretName = (name: string): boolean =>
  SECRET_NAME.test(
    name
      .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
      .replaceAll('-', '_')
      .toLowerCase(),
  )

/** A value as JSON can hold it: errors with their causes, no secrets, no cycles, and no more than a line should carry. */
export const serialize = (value: unknown): unknown => visit(value, 0, [])

const visit = (value: unknown, depth: number, above: readonly object[]): unknown => {
  if (typeof value === 'string') return textOf(value)
  if (typeof value === 'bigint') return String(value)
  if (typeof value === 'function' || typeof value === 'symbol') return undefined
  if (typeof value !== 'object' || value === null) return value
  if (above.includes(value)) return '[circular]'
  if (depth >= MAX_DEPTH) return '[too deep]'
  const inner = (one: unknown) => visit(one, depth + 1, [...above, value])
  if (value instanceof Error) return inner(errorFields(value))
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString()
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`
  if (Array.isArray(value) || value instanceof Set) return [...value].slice(0, MAX_ITEMS).map(inner)
  const entries =
    value instanceof Map ? [...value].map(([key, one]) => [String(key), one] as const) : Object.entries(value)
  return Object.fromEntries(
    entries.slice(0, MAX_ITEMS).map(([key, one]) => [key, isSecretName(key) ? '[redacted]' : inner(one)]),
  )
}

const textOf = (text: string): string => {
  const known = text.replaceAll(/\bBearer\s+\S+/gi, 'Bearer [redacted]')
  return known.length > MAX_TEXT ? `${known.slice(0, MAX_TEXT)}…` : known
}

const errorFields = (error: Error): Record<string, unknown> => ({
  name: error.name,
  ...('code' in error && { code: error.code }),
  message: error.message,
  ...(error instanceof PlatformError && {
    retryable: error.retryable,
    ...(Object.keys(error.details).length > 0 && { details: error.details }),
  }),
  stack: error.stack,
  ...(error.cause !== undefined && { cause: error.cause }),
  ...(error instanceof AggregateError && { errors: error.errors as unknown[] }),
})

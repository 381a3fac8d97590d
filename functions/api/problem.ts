import type { ErrorCode, PlatformError } from '@convergence/core/errors.ts'
import type { Context } from 'hono'
import { z } from 'zod'

/** RFC 9457 problem documents, with a stable `code` and the request's trace. */
export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    code: z.string(),
    detail: z.string(),
    trace_id: z.string(),
    errors: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
  })
  .meta({ id: 'Problem' })
export type ProblemDocument = z.infer<typeof problemSchema>

const STATUS = {
  INVALID_INPUT: 400,
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  CONFLICT: 409,
  INVALID_CONFIG: 422,
  DATA_REJECTED: 422,
  LIMIT_EXCEEDED: 429,
  INTERNAL: 500,
  UNAVAILABLE: 503,
} as const satisfies Record<ErrorCode, number>

const TITLES: Readonly<Record<ErrorCode, string>> = {
  INVALID_INPUT: 'The request is not valid',
  UNAUTHENTICATED: 'The request has no valid key',
  FORBIDDEN: 'The key may not do this',
  NOT_FOUND: 'There is no such thing',
  CONFLICT: 'The request does not fit what is there',
  INVALID_CONFIG: "The tenant's configuration is not valid",
  DATA_REJECTED: 'The data is not usable',
  LIMIT_EXCEEDED: 'A limit is reached',
  INTERNAL: 'Something failed that should not',
  UNAVAILABLE: 'Something is not available now',
}

/** Never a stack, and of an unforeseen error not even its message: that is in the log, under the trace. */
export const problemOf = (error: PlatformError, traceId: string): ProblemDocument => {
  const errors = fieldsOf(error)
  return {
    type: `urn:convergence:problem:${error.code.toLowerCase().replaceAll('_', '-')}`,
    title: TITLES[error.code],
    status: STATUS[error.code],
    code: error.code,
    detail: error.code === 'INTERNAL' ? 'the request failed; the log has the reason under this trace' : error.message,
    trace_id: traceId,
    ...(errors && { errors }),
  }
}

const fieldsOf = ({ details }: PlatformError): ProblemDocument['errors'] => {
  const parsed = z.array(z.object({ field: z.string(), message: z.string() })).safeParse(details['problems'])
  return parsed.success ? parsed.data : undefined
}

export const sendProblem = (c: Context, document: ProblemDocument, headers: Record<string, string> = {}): Response =>
  c.body(JSON.stringify(document), document.status as 400, { 'content-type': 'application/problem+json', ...headers })

import {
  ForbiddenError,
  InvalidInputError,
  LimitExceededError,
  NotFoundError,
  PlatformError,
  UnauthenticatedError,
  UnavailableError,
} from '@convergence/core/errors.ts'
import type { RestApiSource, RestResource } from '@convergence/core/config/source.ts'
import type { HttpResponse } from '@convergence/core/ports/http.ts'
import type { PendingBytes } from '../../pending-bytes.ts'
import type { ConnectorContext } from '../connector.ts'
import { excerpt } from '../json/scanner.ts'
import type { Credentials } from './credentials.ts'
import { withoutSecrets } from './credentials.ts'
import type { Limiter } from './limiter.ts'
import type { PageRequest } from './request.ts'
import { exhaustedMs, isLimited, retryAfterMs } from './server-wait.ts'

/** A good answer, whole. Its bytes are gone when the next request is sent. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly url: string
  readonly bytes: Uint8Array
}

export interface ExchangeDeps {
  readonly context: ConnectorContext<RestApiSource>
  readonly resource: RestResource
  readonly credentials: Credentials
  readonly limiter: Limiter
  /** Counts every request that was sent. */
  readonly onRequest: () => void
  /** Where an answer lies, until the next request is sent. */
  readonly memory: PendingBytes
}

const FIRST_DELAY_MS = 500

/**
 * Sends a request until it is answered: again after the statuses that the source names and after failures of the transport, with
 * exponential backoff or as long as the server asks. A wait longer than `max_delay` gives the chunk back to its queue.
 * Throws UnavailableError (in vain), and terminal errors that say what a person can do.
 */
export const exchange = async (deps: ExchangeDeps, request: PageRequest): Promise<Answer> => {
  const { max_attempts: most, max_delay: maxDelayMs } = deps.context.source.retry
  for (let attempt = 1; ; attempt++) {
    const failure = await tryOnce(deps, request)
    if ('bytes' in failure) return failure
    if (!failure.error.retryable) throw failure.error
    const askedMs = failure.error.retryAfterMs
    if (attempt >= most || (askedMs ?? 0) > maxDelayMs)
      throw attempt === 1 ? failure.error : inVain(failure.error, attempt)
    const delayMs = askedMs ?? Math.min(maxDelayMs, FIRST_DELAY_MS * 2 ** (attempt - 1))
    deps.context.log.warn('request is tried again', {
      request: request.name,
      attempt,
      delayMs,
      reason: failure.error.message,
    })
    deps.limiter.pauseUntil(deps.context.clock.nowMs() + delayMs)
    await deps.context.tellWait?.(`${failure.error.message} (request ${attempt} of ${most})`, delayMs)
  }
}

const inVain = ({ code, message, details, retryAfterMs }: PlatformError, attempts: number): PlatformError =>
  new PlatformError(code, true, `${message}, ${attempts} times in a row`, { details, retryAfterMs })

const tryOnce = async (deps: ExchangeDeps, request: PageRequest): Promise<Answer | { error: PlatformError }> => {
  try {
    return await deps.limiter.run(async () => {
      deps.onRequest()
      const response = await send(deps, request)
      const bytes = await readAll(response, deps.memory)
      const now = deps.context.clock.nowMs()
      const { status, headers, url } = response
      if (status < 200 || status > 299) return { error: refusal(deps, request, { status, headers, url, bytes }) }
      const pauseMs = exhaustedMs(headers, now)
      if (pauseMs !== undefined) await pause(deps, request, now, pauseMs)
      return { status, headers, url, bytes }
    })
  } catch (error) {
    if (error instanceof PlatformError) return { error }
    throw error
  }
}

const pause = async ({ context, limiter }: ExchangeDeps, request: PageRequest, now: number, askedMs: number) => {
  const waitMs = Math.min(askedMs, context.source.retry.max_delay)
  limiter.pauseUntil(now + waitMs)
  await context.tellWait?.(`${request.name} asks for a pause: its limit of requests is used up`, waitMs)
}

const send = ({ context, resource }: ExchangeDeps, request: PageRequest): Promise<HttpResponse> =>
  context.http.request({
    method: request.method,
    url: request.url.href,
    headers: request.headers,
    body: request.body,
    timeoutMs: resource.timeout ?? context.source.timeout,
    maxBytes: Math.min(resource.max_response ?? context.source.max_response, context.operator.limits.max_response),
    allowedHosts: context.operator.hosts,
  })

const readAll = async ({ body }: HttpResponse, memory: PendingBytes): Promise<Uint8Array> => {
  memory.drop(memory.length)
  for await (const chunk of body) memory.add(chunk)
  return memory.bytes
}

/** What a status other than 2xx means, and what to do about it. */
const refusal = ({ context, credentials }: ExchangeDeps, request: PageRequest, answer: Answer): PlatformError => {
  const { status, headers, bytes } = answer
  const what = `${request.name} answered ${status}`
  // Secrets first: one that the excerpt cuts would not be found.
  const clean = withoutSecrets(Buffer.from(bytes.subarray(0, 4_096)).toString('utf8'), credentials)
  const text = excerpt(Buffer.from(clean), 0, 200)
  if (context.source.retry.statuses.includes(status) || isLimited(status, headers)) {
    const waitMs = retryAfterMs(status, headers, context.clock.nowMs())
    return new UnavailableError(status === 429 || isLimited(status, headers) ? `${what}${FEWER}` : said(what, text), {
      details: { status },
      retryAfterMs: waitMs,
    })
  }
  const files = credentials.files.length > 0 ? `check ${credentials.files.join(' and ')}` : 'the source has no `auth`'
  if (status === 401) return new UnauthenticatedError(`${what}: the key is not accepted; ${files}`)
  if (status === 403)
    return new ForbiddenError(`${what}: the key may not read this; ${files} and what it is allowed to read`)
  if (status === 404)
    return new NotFoundError(
      `${what}: there is nothing at ${request.url.pathname}; check \`base_url\` and \`path\` of ${context.source.source_id}.${context.resource}`,
    )
  if (status === 413 || status === 414) return new LimitExceededError(`${what}: the request is too large`)
  if (status >= 500) return new UnavailableError(said(what, text), { details: { status } })
  return new InvalidInputError(said(what, text), { details: { status } })
}

const FEWER = ': it takes fewer requests (limits.requests_per_minute of the source sends fewer)'

const said = (what: string, text: string): string => (text === '""' ? what : `${what}: ${text}`)

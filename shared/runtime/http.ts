import { lookup } from 'node:dns'
import { Agent } from 'undici'
import type { Dispatcher } from 'undici'
import { LimitExceededError, UnavailableError } from '@convergence/core/errors.ts'
import type { Http, HttpRequest, HttpResponse } from '@convergence/core/ports/http.ts'
import { ACCEPT_ENCODING, decode, encodingOf } from './http/decode.ts'
import { toHttpError } from './http/errors.ts'
import type { Resolve } from './http/guarded-connector.ts'
import { guardedConnector } from './http/guarded-connector.ts'
import type { Hop } from './http/redirect.ts'
import { afterRedirect, MAX_REDIRECTS, nextHop } from './http/redirect.ts'
import { checkTarget, safeUrl } from './http/url.ts'

export interface GuardedHttpOptions {
  /** Instead of the system's resolver. */
  readonly resolve?: Resolve
  /** Connections an origin. */
  readonly connections?: number
}

const CONNECT_TIMEOUT_MS = 10_000
/** Idle connections are closed before most servers do it, so that few requests meet a connection that is just going away. */
const KEEP_ALIVE_MS = 4_000
/** Read, so that the connection can be used again; of a longer one the connection is closed. */
const MAX_REDIRECT_BODY_BYTES = 65_536

const systemResolve: Resolve = (hostname, callback) => lookup(hostname, { all: true }, callback)

/**
 * The guarded client, on undici. Two pools: connections to hosts that the operator allows by name are never given to a tenant
 * whose operator's file does not.
 */
export class GuardedHttp implements Http {
  readonly #guarded: Agent
  readonly #allowed: Agent

  constructor({ resolve = systemResolve, connections = 32 }: GuardedHttpOptions = {}) {
    const agent = (allowed: boolean) =>
      new Agent({
        connect: guardedConnector({ resolve, connectTimeoutMs: CONNECT_TIMEOUT_MS, allowed }),
        connections,
        keepAliveTimeout: KEEP_ALIVE_MS,
        // The time-out of the whole exchange is ours.
        headersTimeout: 0,
        bodyTimeout: 0,
      })
    this.#guarded = agent(false)
    this.#allowed = agent(true)
  }

  async request(request: HttpRequest): Promise<HttpResponse> {
    const deadline = new Deadline(request.timeoutMs)
    let hop: Hop = {
      target: checkTarget(request.url, request.allowedHosts),
      method: request.method,
      headers: { 'accept-encoding': ACCEPT_ENCODING, ...lowerCased(request.headers ?? {}) },
      body: request.body,
    }
    let redirectedBy: URL | undefined
    try {
      for (let redirects = 0; ; redirects++) {
        const answer = await this.#send(hop, deadline)
        const headers = joined(answer.headers)
        const next = nextHop(hop, answer.statusCode, headers['location'], request.allowedHosts)
        if (next === undefined) return respond(hop.target.url, answer, headers, request.maxBytes, deadline)
        await answer.body.dump({ limit: MAX_REDIRECT_BODY_BYTES, signal: deadline.signal })
        if (redirects === MAX_REDIRECTS)
          throw new LimitExceededError(`${safeUrl(hop.target.url)}: more than ${MAX_REDIRECTS} redirects`)
        redirectedBy = hop.target.url
        hop = next
      }
    } catch (error) {
      deadline.clear()
      throw afterRedirect(deadline.explain(error, hop.target.url), redirectedBy)
    }
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    await Promise.all([this.#guarded.destroy(), this.#allowed.destroy()])
  }

  async #send({ target, method, headers, body }: Hop, deadline: Deadline): Promise<Dispatcher.ResponseData> {
    const { origin, pathname, search } = target.url
    const agent = target.allowed ? this.#allowed : this.#guarded
    const answer = await agent.request({
      origin,
      path: pathname + search,
      method: method as Dispatcher.HttpMethod,
      headers,
      body: body ?? null,
      signal: deadline.signal,
    })
    // While nobody reads, a failure must not end the process; who reads gets it.
    answer.body.on('error', () => {})
    return answer
  }
}

/** One time-out for the whole exchange, redirects and body included. */
class Deadline {
  readonly #controller = new AbortController()
  readonly #timeoutMs: number
  readonly #timer: NodeJS.Timeout

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs
    this.#timer = setTimeout(() => this.#controller.abort(), timeoutMs)
    this.#timer.unref()
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  clear(): void {
    clearTimeout(this.#timer)
  }

  /** The error as ours: an abort was the time-out. */
  explain(error: unknown, url: URL): Error {
    if (this.signal.aborted)
      return new UnavailableError(`${safeUrl(url)}: no complete answer within ${this.#timeoutMs} ms`)
    return toHttpError(error, url)
  }
}

const respond = (
  url: URL,
  answer: Dispatcher.ResponseData,
  headers: Readonly<Record<string, string>>,
  maxBytes: number,
  deadline: Deadline,
): HttpResponse => {
  const { body } = answer
  try {
    const encoding = encodingOf(headers['content-encoding'])
    return {
      status: answer.statusCode,
      headers,
      url: url.href,
      body: readBody(decode(body, encoding, maxBytes), url, deadline, body),
    }
  } catch (error) {
    body.destroy()
    throw error
  }
}

async function* readBody(
  decoded: AsyncIterable<Uint8Array>,
  url: URL,
  deadline: Deadline,
  body: { destroy(): unknown },
): AsyncGenerator<Uint8Array> {
  try {
    yield* decoded
  } catch (error) {
    throw deadline.explain(error, url)
  } finally {
    deadline.clear()
    body.destroy()
  }
}

const lowerCased = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))

const joined = (headers: Readonly<Record<string, string | string[] | undefined>>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name.toLowerCase(), Array.isArray(value) ? value.join(', ') : value]],
    ),
  )

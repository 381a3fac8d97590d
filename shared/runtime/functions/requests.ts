import { subscribe } from 'node:diagnostics_channel'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'

/** What the functions framework must not see of a request: it would inflate and parse the body before any cap of ours, and answer HTML. */
interface Hidden {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
}

const HIDDEN_HEADERS = ['content-length', 'transfer-encoding', 'content-encoding', 'content-type'] as const

/** Cloud Run kills ten seconds after its SIGTERM (https://cloud.google.com/run/docs/container-contract#instance-shutdown). */
const GRACE_MS = 8_000

/**
 * Sees every request of this process before the functions framework does, so that nothing of it but its method reaches the framework's
 * own parsers and routes, and so that a SIGTERM ends what is under way before it ends the process.
 */
export class Requests {
  readonly #hidden = new WeakMap<IncomingMessage, Hidden>()
  readonly #onStop: () => Promise<void>
  readonly #exit: (code: number) => void
  #server: Server | undefined
  #isStopping = false
  #active = 0
  #idle = () => {}

  constructor({ onStop, exit = (code) => process.exit(code) }: RequestsOptions) {
    this.#onStop = onStop
    this.#exit = exit
    subscribe('http.server.request.start', (message) => this.#see(message as StartMessage))
  }

  /** Gives the request back what was hidden of it. */
  reveal(request: IncomingMessage): void {
    const hidden = this.#hidden.get(request)
    if (!hidden) return
    this.#hidden.delete(request)
    request.url = hidden.url
    Object.assign(request.headers, hidden.headers)
  }

  #see({ request, response, server }: StartMessage): void {
    if (this.#server === undefined) this.#takeSignals(server)
    if (this.#server !== server) return
    const headers = Object.fromEntries(
      HIDDEN_HEADERS.flatMap((name) => {
        const value = request.headers[name]
        return typeof value === 'string' ? [[name, value]] : []
      }),
    )
    this.#hidden.set(request, { url: request.url ?? '/', headers })
    request.url = '/'
    // Without these two the framework's parsers take the request for one without a body, and leave it to us unread.
    for (const name of HIDDEN_HEADERS) delete request.headers[name]
    // A connection that stays open would bring more.
    if (this.#isStopping) response.shouldKeepAlive = false
    this.#active++
    response.once('close', () => {
      this.#active--
      if (this.#active === 0) this.#idle()
    })
  }

  /** The framework would answer 500 to the latest request and exit at once. Before the first request that is right: nothing is under way. */
  #takeSignals(server: Server): void {
    this.#server = server
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.removeAllListeners(signal)
      process.once(signal, () => void this.#stop(server))
    }
  }

  async #stop(server: Server): Promise<void> {
    const grace = setTimeout(() => this.#exit(1), GRACE_MS)
    this.#isStopping = true
    server.close()
    server.closeIdleConnections()
    if (this.#active > 0) await new Promise<void>((resolve) => (this.#idle = resolve))
    try {
      await this.#onStop()
    } finally {
      clearTimeout(grace)
      this.#exit(0)
    }
  }
}

export interface RequestsOptions {
  /** Called when nothing is under way any more. */
  readonly onStop: () => Promise<void>
  /** Default: ends the process. */
  readonly exit?: (code: number) => void
}

interface StartMessage {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly server: Server
}

import type { Http } from '@convergence/core/ports/http.ts'
import type { Ports } from '@convergence/core/ports/index.ts'
import type { Log } from '@convergence/core/ports/log.ts'
import type { Processor } from '@convergence/core/ports/processor.ts'
import { parseSettings, type Settings } from '../settings.ts'

/** What a function brings itself; the rest of the ports are the platform's. */
export interface PortParts {
  readonly settings: Settings
  readonly log: Log
  readonly http: Http
  readonly processor: Processor
}

export interface OpenedPorts {
  readonly ports: Ports
  close(): Promise<void>
}

export interface HostOptions {
  readonly name: string
  readonly openPorts: (parts: PortParts) => Promise<OpenedPorts>
  /** Only of the function that reads tenants' sources. */
  readonly openProcessor?: ((settings: Settings) => Promise<Processor>) | undefined
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined
}

export interface Host {
  readonly settings: Settings
  readonly ports: Ports
}

/** Everything that a function works with, opened by its first request and kept: a start loads as little as it can. */
export class LazyHost {
  readonly #options: HostOptions
  readonly #closers: (() => Promise<void>)[] = []
  #opening: Promise<Host> | undefined

  constructor(options: HostOptions) {
    this.#options = options
  }

  /** Throws what opening throws; the next call tries again. */
  open(): Promise<Host> {
    this.#opening ??= this.#open().catch(async (error: unknown) => {
      this.#opening = undefined
      await this.#close()
      throw error
    })
    return this.#opening
  }

  async close(): Promise<void> {
    await this.#opening?.catch(() => {})
    await this.#close()
  }

  async #open(): Promise<Host> {
    const { name, openPorts, openProcessor, environment = process.env } = this.#options
    const settings = parseSettings(environment)
    const { createCloudLogging } = await import('../logging/cloud-logging.ts')
    const logging = createCloudLogging({ level: settings.logLevel, project: settings.project })
    this.#closers.push(() => logging.close())
    const http = openProcessor ? await this.#openHttp() : absent('http', name)
    const processor = openProcessor ? await openProcessor(settings) : absent('processor', name)
    if (openProcessor) this.#closers.push(() => processor.close())
    const log = logging.log.with({ function: name })
    const opened = await openPorts({ settings, log, http: http as Http, processor: processor as Processor })
    this.#closers.push(() => opened.close())
    return { settings, ports: opened.ports }
  }

  async #openHttp(): Promise<Http> {
    const { GuardedHttp } = await import('../http.ts')
    const http = new GuardedHttp()
    this.#closers.push(() => http.close())
    return http
  }

  async #close(): Promise<void> {
    for (let one = this.#closers.pop(); one; one = this.#closers.pop()) await one()
  }
}

/** A port that a function has no use for, and does not carry the code of. */
const absent = (port: string, name: string): Http & Processor => {
  const refuse = (): never => {
    throw new Error(`the function ${name} has no port ${port}`)
  }
  return { request: refuse, process: refuse, sample: refuse, close: () => Promise.resolve() }
}

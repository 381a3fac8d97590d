import type { Clock } from '@convergence/core/ports/clock.ts'

/** Waits so many milliseconds. Injected, so that tests need not wait. */
export type Sleep = (ms: number) => Promise<void>

export interface Limits {
  readonly requestsPerMinute: number | undefined
  /** Requests at a time. */
  readonly concurrency: number
}

const MINUTE_MS = 60_000

/** Keeps the requests to one source, in this process, within its limits: in no minute more than it takes, and none while it asked for a pause. */
export class Limiter {
  readonly #limits: Limits
  readonly #clock: Clock
  readonly #sleep: Sleep
  readonly #waiting: (() => void)[] = []
  /** When the requests of the last minute began. */
  #started: number[] = []
  #running = 0
  #pausedUntilMs = 0

  constructor(limits: Limits, clock: Clock, sleep: Sleep) {
    this.#limits = limits
    this.#clock = clock
    this.#sleep = sleep
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    await this.#enter()
    try {
      await this.#turn()
      return await work()
    } finally {
      this.#leave()
    }
  }

  /** No request begins before that. */
  pauseUntil(ms: number): void {
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, ms)
  }

  async #enter(): Promise<void> {
    // Whoever leaves hands the place on, so that nobody can slip in between.
    if (this.#running >= this.#limits.concurrency) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    else this.#running++
  }

  #leave(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#running--
    else next()
  }

  async #turn(): Promise<void> {
    for (let waitMs = this.#waitMs(); waitMs > 0; waitMs = this.#waitMs()) await this.#sleep(waitMs)
    if (this.#limits.requestsPerMinute !== undefined) this.#started.push(this.#clock.nowMs())
  }

  #waitMs(): number {
    const now = this.#clock.nowMs()
    const { requestsPerMinute } = this.#limits
    const pauseMs = this.#pausedUntilMs - now
    if (requestsPerMinute === undefined) return pauseMs
    if ((this.#started[0] ?? now) <= now - MINUTE_MS) this.#started = this.#started.filter((ms) => ms > now - MINUTE_MS)
    const oldest = this.#started.at(-requestsPerMinute)
    return Math.max(pauseMs, oldest === undefined ? 0 : oldest + MINUTE_MS - now)
  }
}

import type { Clock } from '@convergence/core/ports/clock.ts'
import type { Timer } from '../delivery/timer.ts'

/** Time that passes only when it is told to. */
export class ManualTime implements Clock {
  #nowMs = Date.UTC(2026, 0, 1)
  readonly #timers = new Set<{ atMs: number; run: () => void }>()

  readonly timer: Timer = (delayMs, run) => {
    const entry = { atMs: this.#nowMs + delayMs, run }
    this.#timers.add(entry)
    return () => this.#timers.delete(entry)
  }

  nowMs(): number {
    return this.#nowMs
  }

  /** Lets it pass; timers that fall due run in order. */
  advance(ms: number): void {
    const endMs = this.#nowMs + ms
    for (;;) {
      const next = this.#next()
      if (next === undefined || next.atMs > endMs) break
      this.#nowMs = Math.max(this.#nowMs, next.atMs)
      this.#timers.delete(next)
      next.run()
    }
    this.#nowMs = endMs
  }

  /** Jumps from timer to timer, as often as everything waits for one, until the promise is settled. */
  async runUntil<T>(promise: Promise<T>): Promise<T> {
    let settled = false
    const end = promise.finally(() => {
      settled = true
    })
    while (!settled) {
      // Real work (files, threads) has its turn first.
      await new Promise((resolve) => setTimeout(resolve, 1))
      const next = this.#next()
      if (!settled && next) this.advance(Math.max(0, next.atMs - this.#nowMs))
    }
    return end
  }

  #next() {
    return [...this.#timers].toSorted((a, b) => a.atMs - b.atMs)[0]
  }
}

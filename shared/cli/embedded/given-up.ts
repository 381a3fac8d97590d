import type { Clock } from '@convergence/core/ports/clock.ts'

/** Work of a run that was given up, and that no event answers: nothing carries the run on until a sweep, or the next start. */
export interface GivenUpWork {
  readonly reason: string
  /** ISO instant. */
  readonly at: string
}

/** Of this process: whoever waits for such a run must be told, or would wait for ever. */
export class GivenUp {
  readonly #clock: Clock
  readonly #works = new Map<string, GivenUpWork>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  note({ payload, attempts, reason }: { payload: unknown; attempts: number; reason: Error }): void {
    const { runId } = payload as { runId?: unknown }
    if (typeof runId !== 'string') return
    const at = new Date(this.#clock.nowMs()).toISOString()
    this.#works.set(runId, { reason: `${reason.message} (given up after ${attempts} attempts)`, at })
  }

  of(runId: string): GivenUpWork | undefined {
    return this.#works.get(runId)
  }
}

import type { JobStatus } from '@convergence/core/ports/warehouse.ts'

/** Each running statement holds a thread of libuv's pool, which reading files needs as well. */
const MAX_RUNNING = 2

interface RunningJob {
  readonly status: JobStatus
  readonly ended: Promise<void>
}

/** Jobs of this process that have not ended. What was running when the process died never was. */
export class JobRunner {
  readonly #jobs = new Map<string, RunningJob>()
  readonly #waiting: (() => void)[] = []
  #running = 0

  running(key: string): JobStatus | undefined {
    return this.#jobs.get(key)?.status
  }

  /** Starts `work` as soon as fewer than two others run. `work` never throws. */
  start(key: string, status: JobStatus, work: () => Promise<void>): void {
    const ended = this.#enter()
      .then(work)
      .finally(() => this.#leave(key))
    this.#jobs.set(key, { status, ended })
  }

  /** Until one of the other jobs has ended: a conflict with it is over then. */
  async otherEnds(key: string): Promise<void> {
    const others = [...this.#jobs].filter(([other]) => other !== key).map(([, { ended }]) => ended)
    if (others.length > 0) await Promise.race(others)
  }

  async idle(): Promise<void> {
    while (this.#jobs.size > 0) await Promise.allSettled([...this.#jobs.values()].map(({ ended }) => ended))
  }

  async #enter(): Promise<void> {
    if (this.#running >= MAX_RUNNING) await new Promise<void>((go) => this.#waiting.push(go))
    else this.#running++
  }

  #leave(key: string): void {
    this.#jobs.delete(key)
    const next = this.#waiting.shift()
    if (next) next()
    else this.#running--
  }
}

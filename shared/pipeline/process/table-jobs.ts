import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { largestCursor } from '@convergence/core/cursor.ts'
import type { JobRequest, ProcessDone, Spooled } from './job.ts'
import type { TableSink } from './spool/table-sink.ts'
import type { WorkerPool } from './worker-pool.ts'

const MOST_BYTES = 64 << 20
/** Less is not worth a part of its own. */
const LEAST_BYTES = 8 << 20
/** Tables of one input that wait on the disk or are being typed. */
const MOST_TABLES = 3
const MAX_SAMPLES = 5

/**
 * The tables of one input, typed in child processes while the input is still being read: one that arrives slowly (pages of an API) keeps
 * both sides busy, and one that is large (a compressed file) never lies on the disk whole. A child without work takes what there is.
 */
export class TableJobs implements TableSink {
  readonly #pool: WorkerPool
  readonly #request: JobRequest
  readonly #directory: string
  readonly #piecemeal: boolean
  readonly #running = new Set<Promise<void>>()
  readonly #done: ProcessDone[] = []
  #folders = 0
  #taken = 0
  #peakBytes = 0
  #failure: { readonly error: unknown } | undefined

  constructor(pool: WorkerPool, request: JobRequest, directory: string, piecemeal: boolean) {
    this.#pool = pool
    this.#request = request
    this.#directory = directory
    this.#piecemeal = piecemeal
  }

  folder(): string {
    const folder = join(this.#directory, String(this.#folders++))
    mkdirSync(folder)
    return folder
  }

  wants(bytes: number): boolean {
    return this.#piecemeal && (bytes >= MOST_BYTES || (bytes >= LEAST_BYTES && this.#pool.hasIdle))
  }

  async take(spooled: Spooled, directory: string): Promise<void> {
    while (this.#running.size >= MOST_TABLES) await Promise.race(this.#running)
    this.#rethrow()
    const job = this.#run(spooled, directory, this.#taken++)
    this.#running.add(job)
    void job.then(() => this.#running.delete(job))
  }

  /** When all have ended. Throws what one of them threw. */
  async result(): Promise<{ done: ProcessDone; peakBytes: number }> {
    await this.settled()
    this.#rethrow()
    return { done: this.#done.reduce(addDone), peakBytes: this.#peakBytes }
  }

  /** Nothing reads or writes the tables' files any more. */
  async settled(): Promise<void> {
    await Promise.all(this.#running)
  }

  /** Never throws: what fails is met by the next call. */
  async #run(spooled: Spooled, directory: string, index: number): Promise<void> {
    try {
      const job = { type: 'process', directory, spooled, request: this.#request } as const
      const { result, peakBytes } = await this.#pool.run(job, this.#request.origin)
      this.#done[index] = result as ProcessDone
      this.#peakBytes = Math.max(this.#peakBytes, peakBytes)
    } catch (error) {
      this.#failure ??= { error }
    }
  }

  #rethrow(): void {
    if (this.#failure) throw this.#failure.error
  }
}

const addDone = (a: ProcessDone, b: ProcessDone): ProcessDone => {
  const max = largestCursor(a.max, b.max)
  return {
    parts: [...a.parts, ...b.parts],
    rejects: [...a.rejects, ...b.rejects],
    counts: {
      fetched: a.counts.fetched + b.counts.fetched,
      accepted: a.counts.accepted + b.counts.accepted,
      rejected: a.counts.rejected + b.counts.rejected,
      filtered: a.counts.filtered + b.counts.filtered,
    },
    samples: [...a.samples, ...b.samples].slice(0, MAX_SAMPLES),
    names: a.names,
    ...(max !== undefined && { max }),
  }
}

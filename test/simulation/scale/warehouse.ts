import type {
  Job,
  JobStatus,
  PartRef,
  PublishJob,
  Warehouse,
  WarehouseCapabilities,
} from '@convergence/core/ports/warehouse.ts'
import type { Meter } from './meter.ts'
import {
  COPY_BYTES_PER_SECOND,
  JOB_START_MS,
  LATENCY_MS,
  LOAD_BYTES_PER_SECOND,
  MAX_COPY_SOURCES,
  PART_BYTES,
  PART_ROWS,
} from './model.ts'
import type { SimulatedTime } from './simulated-time.ts'

/** Counts jobs as BigQuery would, and refuses what it would refuse: too many files in one load. */
export class ScaleWarehouse implements Warehouse {
  readonly capabilities: WarehouseCapabilities
  /** Rows of the target. */
  rowsLoaded = 0
  readonly #time: SimulatedTime
  readonly #meter: Meter
  readonly #jobs = new Map<string, JobStatus>()
  readonly #staged = new Map<string, number>()

  constructor(time: SimulatedTime, meter: Meter, maxPartsPerJob: number) {
    this.#time = time
    this.#meter = meter
    const limits = { maxPartsPerJob, maxPartitionsPerJob: 4_000 }
    this.capabilities = { dialect: 'bigquery', pollMs: 10_000, project: 'p', location: 'EU', ...limits }
  }

  async submit({ jobId }: { jobId: string }, job: Job): ReturnType<Warehouse['submit']> {
    await this.#time.sleep(LATENCY_MS.job)
    const status = this.#jobs.get(jobId)
    if (status) return { outcome: 'exists', status }
    const base = { kind: job.kind, labels: job.labels }
    this.#jobs.set(jobId, { ...base, state: 'running' })
    const done = this.#effectOf(job)
    const tookMs = JOB_START_MS + (done.bytes / done.bytesPerSecond) * 1_000
    this.#time.at(this.#time.nowMs + tookMs, () => {
      this.#jobs.set(jobId, { ...base, state: 'done', counts: done.counts })
      done.land()
    })
    return { outcome: 'submitted' }
  }

  #effectOf(job: Job) {
    if (job.kind !== 'publish' && job.kind !== 'stage') throw new Error(`the model has no job ${job.kind}`)
    const rows = job.kind === 'stage' ? this.#load(job.source.parts) : this.#rowsOf(job.source)
    const isCopy = job.kind === 'publish' && job.source.kind === 'staged'
    const counts = { staged: rows, inserted: job.kind === 'stage' ? 0 : rows, updated: 0, deleted: 0, superseded: 0 }
    return {
      bytes: (rows / PART_ROWS) * PART_BYTES,
      bytesPerSecond: isCopy ? COPY_BYTES_PER_SECOND : LOAD_BYTES_PER_SECOND,
      counts,
      land: () => {
        if (job.kind === 'stage') this.#staged.set(job.target.table, rows)
        else this.rowsLoaded += rows
      },
    }
  }

  #rowsOf(source: PublishJob['source']): number {
    if (source.kind === 'parts') return this.#load(source.parts)
    if (source.kind === 'select') throw new Error('the model runs no SELECT')
    if (source.tables.length > MAX_COPY_SOURCES) throw new Error(`${source.tables.length} sources in one copy job`)
    this.#meter.count('copy job')
    return source.tables.reduce((sum, { table }) => sum + (this.#staged.get(table) ?? Number.NaN), 0)
  }

  #load(parts: readonly PartRef[]): number {
    const { maxPartsPerJob: most } = this.capabilities
    if (parts.length > most) throw new Error(`${parts.length} files in one load job, the warehouse takes ${most}`)
    this.#meter.count(
      'load job',
      parts.reduce((sum, { bucket, name }) => sum + bucket.length + name.length + 8, 0),
    )
    return parts.reduce((sum, part) => sum + part.rows, 0)
  }

  async poll({ jobId }: { jobId: string }): Promise<JobStatus | undefined> {
    this.#meter.count('job poll')
    await this.#time.sleep(LATENCY_MS.job)
    return this.#jobs.get(jobId)
  }

  async describe(): Promise<undefined> {
    await this.#time.sleep(LATENCY_MS.job)
  }

  async record(): Promise<void> {
    this.#meter.count('metadata insert')
    await this.#time.sleep(LATENCY_MS.job)
  }

  rows = (): Promise<never> => Promise.reject(new Error('the model answers no queries'))
  dryRun = (): Promise<never> => Promise.reject(new Error('the model answers no queries'))
  prepare = (): Promise<void> => Promise.resolve()
}

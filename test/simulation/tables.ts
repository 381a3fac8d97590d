import { ConflictError, InternalError, NotFoundError } from '@convergence/core/errors.ts'
import type { ObjectRef } from '@convergence/core/ports/object-store.ts'
import type {
  Job,
  JobCounts,
  JobFailure,
  JobRef,
  JobStatus,
  PublishJob,
  Warehouse,
} from '@convergence/core/ports/warehouse.ts'
import { datasetName, type TableRef } from '@convergence/core/table.ts'
import type { SimRow } from './processor.ts'
import type { Fiber } from './fiber.ts'
import { keyOf } from './prng.ts'
import type { World } from './world.ts'

/**
 * The warehouse of the simulation: jobs by id, each of which ends later, by itself, whole or not at all; an id can be used once, and
 * says 409 ever after. A caller that saw a time-out may have started one.
 */
const SLOW_MS = 3_600_000
const LENGTH = 1

interface SimJob {
  readonly job: Job
  status: JobStatus
}

export interface Landed {
  readonly jobId: string
  readonly table: string
  readonly labels: Job['labels']
}

export class Tables {
  readonly rows = new Map<string, SimRow[]>()
  readonly jobs = new Map<string, SimJob>()
  /** Every job that made something visible, in order. */
  readonly landed: Landed[] = []
  /** Called when a publish is about to become visible. */
  onLanding: (landing: Landed) => void = () => {}
  readonly #world: World
  readonly #bodyOf: (ref: ObjectRef) => Uint8Array

  constructor(world: World, bodyOf: (ref: ObjectRef) => Uint8Array) {
    this.#world = world
    this.#bodyOf = bodyOf
  }

  portOf(fiber: Fiber): Warehouse {
    return {
      capabilities: {
        dialect: 'duckdb',
        pollMs: 1_000,
        project: 'p',
        location: 'EU',
        maxPartsPerJob: 10_000,
        maxPartitionsPerJob: 4_000,
      },
      submit: (ref, job) =>
        fiber.call(
          `job ${job.kind} ${short(ref.jobId)}`,
          () => {
            const standing = this.jobs.get(pathOfJob(ref))
            if (standing) return { outcome: 'exists', status: standing.status } as const
            this.#start(ref, job)
            return { outcome: 'submitted' } as const
          },
          'write',
        ),
      poll: (ref) => fiber.call(`poll ${short(ref.jobId)}`, () => this.jobs.get(pathOfJob(ref))?.status, 'read'),
      rows: () => Promise.reject(new NotFoundError('the simulation answers no queries')),
      dryRun: () => fiber.call('dry run', () => ({ bytes: 0, schema: [] }), 'read'),
      describe: (table) => fiber.call(`describe ${pathOf(table)}`, () => undefined, 'read'),
      prepare: () => fiber.call('prepare', () => undefined, 'write'),
      record: (table) => fiber.call(`record ${table}`, () => undefined, 'write'),
    }
  }

  #start(ref: JobRef, job: Job): void {
    const base = { kind: job.kind, labels: job.labels }
    const entry: SimJob = { job, status: { ...base, state: job.kind === 'seal' ? 'done' : 'running' } }
    this.jobs.set(pathOfJob(ref), entry)
    if (job.kind === 'seal') return
    const key = keyOf(ref.jobId)
    const isSlow = this.#world.faults.happens('jobIsSlow', key, () => ref.jobId)
    if (isSlow) this.#world.count('slow job')
    this.#world.at(this.#world.faults.amount(key, LENGTH) * (isSlow ? SLOW_MS : 30_000), () => {
      const failure = this.#fails(ref.jobId)
      if (failure) entry.status = { ...base, state: 'failed', failure }
      else if (job.kind === 'publish') entry.status = this.#land(ref, job)
    })
  }

  #fails(jobId: string): JobFailure | undefined {
    if (!this.#world.faults.happens('jobFails', keyOf(jobId), () => jobId)) return undefined
    this.#world.count('job fails')
    return { code: 'UNAVAILABLE', retryable: true, message: 'the backend failed' }
  }

  #land(ref: JobRef, job: PublishJob): JobStatus {
    const base = { kind: job.kind, labels: job.labels }
    try {
      const table = pathOf(job.target)
      const { rows, counts } = publish(this.rows.get(table) ?? [], this.#source(job), job)
      const landing = { jobId: ref.jobId, table, labels: job.labels }
      this.onLanding(landing)
      this.rows.set(table, rows)
      this.landed.push(landing)
      this.#world.note(`job ${short(ref.jobId)}`, `is visible in ${table}`)
      return { ...base, state: 'done', counts, bytes: 0 }
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error
      return { ...base, state: 'failed', failure: { code: error.code, retryable: false, message: error.message } }
    }
  }

  #source(job: PublishJob): SimRow[] {
    if (job.source.kind !== 'parts') throw new InternalError('the simulation runs no SELECT')
    const rows = job.source.parts.flatMap(
      (part) => JSON.parse(Buffer.from(this.#bodyOf(part)).toString('utf8')) as SimRow[],
    )
    if (job.expectedRows !== undefined && rows.length !== job.expectedRows)
      throw new ConflictError(`${rows.length} rows, not ${job.expectedRows}`)
    return rows
  }
}

const publish = (
  table: readonly SimRow[],
  source: readonly SimRow[],
  job: PublishJob,
): { rows: SimRow[]; counts: JobCounts } => {
  const { strategy } = job
  const staged = source.length
  const zero = { staged, updated: 0, deleted: 0, superseded: 0 }
  if (strategy.type === 'append') return { rows: [...table, ...source], counts: { ...zero, inserted: staged } }
  if (strategy.type === 'overwrite') {
    const of = (row: SimRow): string => row[job.partitionBy] ?? ''
    const replaced = (row: SimRow): boolean => strategy.partitions === 'all' || strategy.partitions.includes(of(row))
    const fresh = source.filter(replaced)
    const leftOut = source.filter((row) => !replaced(row) && strategy.leftOut?.includes(of(row)))
    if (fresh.length + leftOut.length !== staged) throw new ConflictError('a row is outside the partitions')
    const kept = table.filter((row) => !replaced(row))
    return {
      rows: [...kept, ...fresh],
      counts: { ...zero, inserted: fresh.length, deleted: table.length - kept.length, superseded: leftOut.length },
    }
  }
  const keyOfRow = (row: SimRow): string => JSON.stringify(strategy.keys.map((key) => row[key] ?? null))
  const fresh = new Map(source.map((row) => [keyOfRow(row), row]))
  if (fresh.size !== staged) throw new ConflictError('two rows of one key')
  const kept = table.filter((row) => !fresh.has(keyOfRow(row)))
  const updated = table.length - kept.length
  return { rows: [...kept, ...fresh.values()], counts: { ...zero, updated, inserted: staged - updated } }
}

const pathOfJob = ({ tenant, project, location, jobId }: JobRef): string => [tenant, project, location, jobId].join('/')
const pathOf = (table: TableRef): string => `${datasetName(table)}.${table.table}`
const short = (jobId: string): string => jobId.replace(/^convergence-(.{6}).*?(-quarantine)?(-a\d+)?$/, '$1$2$3')

import { ConflictError, NotFoundError, PlatformError } from '@convergence/core/errors.ts'
import type { ObjectRef } from '@convergence/core/ports/object-store.ts'
import type {
  Job,
  JobCounts,
  JobFailure,
  JobRef,
  JobStatus,
  PublishJob,
  PublishStrategy,
  Relation,
  ResultPage,
  StageJob,
  TableInfo,
  Warehouse,
} from '@convergence/core/ports/warehouse.ts'
import { datasetName, type TableRef, type TableSchema } from '@convergence/core/table.ts'
import { readPart, type SimRow } from './processor.ts'
import type { Fiber } from './fiber.ts'
import { keyOf } from './prng.ts'
import type { World } from './world.ts'

/**
 * The warehouse of the simulation: jobs by id, each of which ends later, by itself, whole or not at all; an id can be used once, and
 * says 409 ever after. A caller that saw a time-out may have started one.
 */
const SLOW_MS = 600_000
const LENGTH = 1
/** Of a table and day, and of a job: BigQuery's, and what is left of them when others have used the rest up. */
/** So few parts that a run of some chunks has to stage them. */
const MAX_PARTS = 4
const LIMITS = { loads: 1_500, parts: MAX_PARTS }
const SMALL = { loads: 1, parts: 3 }

interface SimJob {
  readonly job: Job
  status: JobStatus
}

export interface Landed {
  readonly jobId: string
  readonly table: string
  readonly labels: Job['labels']
  /** What the job read: its source's rows. */
  readonly rows: readonly SimRow[]
}

export class Tables {
  readonly rows = new Map<string, SimRow[]>()
  readonly jobs = new Map<string, SimJob>()
  /** Every job that made something visible, in order. */
  readonly landed: Landed[] = []
  /** Called when a publish is about to become visible. */
  onLanding: (landing: Landed) => void = () => {}
  /** Called when a job was submitted, and when it has failed. */
  onJob: (what: 'submitted' | 'failed', ref: JobRef, job: Job) => void = () => {}
  readonly #staged = new Map<string, SimRow[]>()
  readonly #loads = new Map<string, number>()
  readonly #schemas = new Map<string, TableSchema>()
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
        pollMs: 5_000,
        project: 'p',
        location: 'EU',
        maxPartsPerJob: MAX_PARTS,
        maxPartitionsPerJob: 4_000,
      },
      submit: (ref, job) =>
        fiber.call(
          `job ${job.kind} ${short(ref.jobId)}`,
          () => {
            const standing = this.jobs.get(pathOfJob(ref))
            if (standing) {
              this.#world.count('used job id')
              return { outcome: 'exists', status: standing.status } as const
            }
            this.#start(ref, job)
            return { outcome: 'submitted' } as const
          },
          'write',
        ),
      poll: (ref) => fiber.call(`poll ${short(ref.jobId)}`, () => this.jobs.get(pathOfJob(ref))?.status, 'read'),
      rows: (ref) => fiber.call(`rows ${short(ref.jobId)}`, () => this.#rowsOf(ref), 'read'),
      dryRun: () => fiber.call('dry run', () => ({ bytes: 0, schema: [] }), 'read'),
      describe: (table) => fiber.call(`describe ${pathOf(table)}`, () => this.#describe(table), 'read'),
      prepare: () => fiber.call('prepare', () => undefined, 'write'),
      record: (table) => fiber.call(`record ${table}`, () => undefined, 'write'),
    }
  }

  #start(ref: JobRef, job: Job): void {
    const base = { kind: job.kind, labels: job.labels }
    const entry: SimJob = { job, status: { ...base, state: job.kind === 'seal' ? 'done' : 'running' } }
    this.jobs.set(pathOfJob(ref), entry)
    this.onJob('submitted', ref, job)
    if (job.kind === 'seal') return
    const refused = this.#refuses(job)
    const key = keyOf(ref.jobId)
    const isSlow = this.#world.faults.happens('jobIsSlow', key, () => ref.jobId)
    if (isSlow) this.#world.count('slow job')
    this.#world.at(this.#world.faults.amount(key, LENGTH) * (isSlow ? SLOW_MS : 30_000), () => {
      const failure = this.#fails(ref.jobId, job.labels.run) ?? refused
      if (failure) entry.status = { ...base, state: 'failed', failure }
      else if (job.kind === 'publish') entry.status = this.#land(ref, job)
      else if (job.kind === 'stage') entry.status = this.#stage(job)
      else entry.status = { ...base, state: 'done' }
      if (entry.status.state === 'failed') this.onJob('failed', ref, job)
    })
  }

  #fails(jobId: string, runId: string): JobFailure | undefined {
    const { arrangement, faults } = this.#world
    if (!arrangement.jobFails(runId, jobId) && !faults.happens('jobFails', keyOf(jobId), () => jobId)) return undefined
    this.#world.count('job fails')
    return { code: 'UNAVAILABLE', retryable: true, message: 'the backend failed' }
  }

  /** A load beyond what the table may have in a day, failed ones counted, or with too many parts. */
  #refuses(job: Job): JobFailure | undefined {
    const parts = partsOf(job)
    if (!parts || (job.kind !== 'publish' && job.kind !== 'stage')) return undefined
    const { faults } = this.#world
    const table = pathOf(job.target)
    const loads = (this.#loads.get(table) ?? 0) + 1
    this.#loads.set(table, loads)
    const limits = faults.happens('smallQuota', keyOf(table), () => table) ? SMALL : LIMITS
    if (loads > limits.loads) return this.#limit('load quota', `${table} had its ${limits.loads} loads of the day`)
    if (parts.length > limits.parts)
      return this.#limit('too many parts', `${parts.length} parts, and a job takes ${limits.parts}`)
    return undefined
  }

  #limit(what: string, message: string): JobFailure {
    this.#world.count(what)
    return { code: 'LIMIT_EXCEEDED', retryable: false, message }
  }

  #stage(job: StageJob): JobStatus {
    const base = { kind: job.kind, labels: job.labels }
    this.#world.count('staged')
    return this.#tried(base, () => {
      const rows = this.#read(job.source.parts, job.schema)
      if (rows.length !== job.expectedRows) throw new ConflictError(`${rows.length} rows, not ${job.expectedRows}`)
      this.#staged.set(pathOf(job.target), rows)
      return { ...base, state: 'done' }
    })
  }

  #tried(base: Pick<JobStatus, 'kind' | 'labels'>, work: () => JobStatus): JobStatus {
    try {
      return work()
    } catch (error) {
      if (!(error instanceof PlatformError)) throw error
      return { ...base, state: 'failed', failure: { code: error.code, retryable: false, message: error.message } }
    }
  }

  #land(ref: JobRef, job: PublishJob): JobStatus {
    const base = { kind: job.kind, labels: job.labels }
    return this.#tried(base, () => {
      const table = pathOf(job.target)
      const source = this.#source(job)
      const { rows, counts } = publish(this.rows.get(table) ?? [], source, job)
      const landing = { jobId: ref.jobId, table, labels: job.labels, rows: source }
      this.onLanding(landing)
      this.rows.set(table, rows)
      this.#schemas.set(table, job.schema)
      this.landed.push(landing)
      if (job.source.kind === 'staged') for (const staged of job.source.tables) this.#staged.delete(pathOf(staged))
      this.#world.note(`job ${short(ref.jobId)}`, `is visible in ${table}`)
      return { ...base, state: 'done', counts, bytes: 0 }
    })
  }

  #source(job: PublishJob): SimRow[] {
    const { source } = job
    // A SELECT is the rows of the tables that it names.
    if (source.kind === 'select')
      return Object.values(source.tables).flatMap((table) =>
        (this.rows.get(pathOf(table)) ?? []).map((row) => ({ ...row, _run_id: source.stamp.runId })),
      )
    const rows =
      source.kind === 'staged'
        ? source.tables.flatMap((table) => this.#stagedRows(table))
        : this.#read(source.parts, job.schema)
    if (job.expectedRows !== undefined && rows.length !== job.expectedRows)
      throw new ConflictError(`${rows.length} rows, not ${job.expectedRows}`)
    return rows
  }

  #stagedRows(table: TableRef): SimRow[] {
    const rows = this.#staged.get(pathOf(table))
    if (!rows) throw new NotFoundError(`nothing is staged in ${pathOf(table)}`)
    return rows
  }

  #read(parts: readonly ObjectRef[], schema: TableSchema): SimRow[] {
    const types = new Map(schema.map(({ name, type }) => [name, `${name} ${type}`]))
    return parts.flatMap((ref) => {
      const part = readPart(this.#bodyOf(ref))
      for (const column of part.columns)
        if (types.get(column.split(' ', 1)[0] ?? '') !== column)
          throw new ConflictError(`a part holds ${column}, and the table another type`)
      return part.rows
    })
  }

  #describe(table: TableRef): TableInfo | undefined {
    const schema = this.#schemas.get(pathOf(table))
    return schema && { schema, partitionBy: undefined, clusterBy: [], rows: this.rows.get(pathOf(table))?.length ?? 0 }
  }

  /** A query counts the rows of its input, whatever it asks. */
  #rowsOf(ref: JobRef): ResultPage {
    const query = this.jobs.get(pathOfJob(ref))?.job
    const input = query?.kind === 'query' && query.query.dialect === 'native' ? query.query.inputs['input'] : undefined
    if (!input) throw new NotFoundError('the simulation answers no such query')
    return { schema: [], rows: [[this.#countOf(input)]] }
  }

  #countOf(input: Relation): number {
    if (input.kind === 'staged') return input.tables.flatMap((table) => this.#stagedRows(table)).length
    if (input.kind === 'parts') return input.parts.reduce((sum, part) => sum + part.rows, 0)
    const isMeant = (row: SimRow): boolean =>
      (input.where ?? []).every(({ column, equals }) => row[column] === equals.value)
    return (this.rows.get(pathOf(input.table)) ?? []).filter(isMeant).length
  }
}

/** What a load job loads. */
const partsOf = (job: Job): readonly ObjectRef[] | undefined => {
  if (job.kind === 'stage') return job.source.parts
  return job.kind === 'publish' && job.source.kind === 'parts' ? job.source.parts : undefined
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
  return merge(table, source, job, strategy)
}

/** Pruned, it sees the rows of the source's partitions only. */
const merge = (
  table: readonly SimRow[],
  source: readonly SimRow[],
  { partitionBy }: PublishJob,
  { keys, orderBy, pruneBy }: Extract<PublishStrategy, { type: 'merge' }>,
): { rows: SimRow[]; counts: JobCounts } => {
  const keyOfRow = (row: SimRow): string => JSON.stringify(keys.map((key) => row[key] ?? null))
  const fresh = new Map(source.map((row) => [keyOfRow(row), row]))
  const superseded = source.length - fresh.size
  if (superseded > 0 && orderBy.length === 0) throw new ConflictError('two rows of one key')
  const touched = new Set(source.map((row) => row[partitionBy]))
  const isSeen = (row: SimRow): boolean => pruneBy === undefined || touched.has(row[partitionBy])
  const kept = table.filter((row) => !isSeen(row) || !fresh.has(keyOfRow(row)))
  const updated = table.length - kept.length
  const counts = { staged: source.length, updated, inserted: fresh.size - updated, deleted: 0, superseded }
  return { rows: [...kept, ...fresh.values()], counts }
}

const pathOfJob = ({ tenant, project, location, jobId }: JobRef): string => [tenant, project, location, jobId].join('/')
const pathOf = (table: TableRef): string => `${datasetName(table)}.${table.table}`
const short = (jobId: string): string =>
  jobId.replace(/^convergence-(.{6}).*?(-(?:quarantine|stage).*?)?(-a\d+)?$/, '$1$2$3')

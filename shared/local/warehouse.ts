import { ConflictError, InvalidInputError, type PlatformError } from '@convergence/core/errors.ts'
import type { Clock } from '@convergence/core/ports/clock.ts'
import type { ObjectRef } from '@convergence/core/ports/object-store.ts'
import type {
  Job,
  JobRef,
  JobStatus,
  MetadataRow,
  MetadataTable,
  ResultPage,
  SubmitResult,
  TableInfo,
  TenantSql,
  Warehouse,
  WarehouseCapabilities,
} from '@convergence/core/ports/warehouse.ts'
import type { TableRef, TableSchema } from '@convergence/core/table.ts'
import { Admissions } from './warehouse/admissions.ts'
import { Database } from './warehouse/database.ts'
import { dryRun } from './warehouse/dry-run.ts'
import { failureOf, toPlatformError } from './warehouse/errors.ts'
import { executeJob } from './warehouse/execute-job.ts'
import { findJob, insertJob, jobKey, JOBS_DDL, lastJobs, missingJobs, type ChangingJob } from './warehouse/jobs.ts'
import { recordRows } from './warehouse/metadata.ts'
import { prepareMetadata, prepareTenant } from './warehouse/prepare.ts'
import type { JobContext } from './warehouse/publish.ts'
import { QueryResults } from './warehouse/query-results.ts'
import { runQuery } from './warehouse/run-query.ts'
import { JobRunner } from './warehouse/runner.ts'
import type { Session } from './warehouse/session.ts'
import { describeTable, TABLES_DDL } from './warehouse/tables.ts'
import type { TranslateSql } from './warehouse/tenant-query.ts'

export type { TranslateSql } from './warehouse/tenant-query.ts'

export interface DuckDbWarehouseOptions {
  /** The .duckdb file. One process, and one instance of this class, at a time: the owner lock sees to it. */
  readonly path: string
  /** Folder below which `localPath` leads: the only one whose files SQL can reach. */
  readonly objectFolder: string
  /** Where a part's file is. */
  readonly localPath: (ref: ObjectRef) => string
  readonly clock: Clock
  /** GoogleSQL to DuckDB's; without it tenants' SQL is refused. */
  readonly translate?: TranslateSql
  /** Statements at every opening, for the translator's macros: `CREATE OR REPLACE MACRO …`. */
  readonly setup?: readonly string[]
  /** `800MB` by default; DuckDB takes 100 to 270 MiB more. */
  readonly memoryLimit?: string
  readonly threads?: number
  /** Emptied at every opening. */
  readonly tempDirectory: string
}

const CAPABILITIES: WarehouseCapabilities = {
  dialect: 'duckdb',
  pollMs: 50,
  project: 'local',
  location: 'local',
  maxPartsPerJob: 100_000,
  maxPartitionsPerJob: 4_000,
}

const refuseTenantSql: TranslateSql = () => {
  throw new InvalidInputError('this warehouse was opened without a translator for GoogleSQL')
}

/**
 * The warehouse on one DuckDB file. A job's row and its effect commit in one transaction, so that after a kill a job either happened
 * whole, or never was. Results of queries are kept in memory only.
 */
export class DuckDbWarehouse implements Warehouse {
  readonly capabilities = CAPABILITIES
  readonly #database: Database
  readonly #context: JobContext
  readonly #clock: Clock
  readonly #runner = new JobRunner()
  readonly #admissions = new Admissions()
  readonly #results = new QueryResults()
  #recording: Promise<void> = Promise.resolve()
  /** Failures whose row could not be written. */
  readonly #lost = new Map<string, JobStatus>()
  #closing = false

  private constructor(database: Database, context: JobContext, clock: Clock) {
    this.#database = database
    this.#context = context
    this.#clock = clock
  }

  /** Opens the file, or creates it. Throws UnavailableError when another process has it open. */
  static async open(options: DuckDbWarehouseOptions): Promise<DuckDbWarehouse> {
    const {
      path,
      objectFolder,
      tempDirectory,
      clock,
      localPath,
      memoryLimit = '800MB',
      threads = 2,
      setup = [],
    } = options
    const translate = options.translate ?? refuseTenantSql
    const own = [...JOBS_DDL, ...TABLES_DDL, ...setup]
    try {
      const database = await Database.open({ path, objectFolder, tempDirectory, memoryLimit, threads, setup: own })
      return new DuckDbWarehouse(database, { localPath, translate }, clock)
    } catch (error) {
      throw toPlatformError(error)
    }
  }

  /** Ends running jobs, which are as if they had never been, and closes the file. */
  async close(): Promise<void> {
    this.#closing = true
    await this.#database.close()
    await this.#runner.idle()
  }

  submit(ref: JobRef, job: Job): Promise<SubmitResult> {
    if (job.labels.tenant !== ref.tenant)
      throw new ConflictError(`a job of tenant ${job.labels.tenant} under an id of tenant ${ref.tenant}`)
    const key = jobKey(ref)
    return this.#admissions.inTurn(key, async () => {
      const status = await this.poll(ref)
      if (status) return { outcome: 'exists', status }
      if (job.kind === 'seal') await this.#seal(ref, job)
      else if (job.kind === 'query') this.#start(key, job, () => this.#query(key, job))
      else this.#start(key, job, () => this.#execute(ref, key, job))
      return { outcome: 'submitted' }
    })
  }

  async poll(ref: JobRef): Promise<JobStatus | undefined> {
    const key = jobKey(ref)
    const known = this.#runner.running(key) ?? this.#results.status(key) ?? this.#lost.get(key)
    return known ?? this.#session((session) => findJob(session, ref))
  }

  /** The jobs that changed tables and ended last. */
  lastJobs(limit: number): Promise<ChangingJob[]> {
    return this.#session((session) => lastJobs(session, limit))
  }

  /** The ids that no job of the file has. */
  missingJobs(jobIds: readonly string[]): Promise<string[]> {
    return this.#session((session) => missingJobs(session, jobIds))
  }

  rows(ref: JobRef, options?: { pageToken?: string; limit?: number }): Promise<ResultPage> {
    return Promise.resolve().then(() => this.#results.page(jobKey(ref), options))
  }

  dryRun(_tenant: string, sql: TenantSql): Promise<{ bytes: number; schema: TableSchema }> {
    return this.#session((session) => dryRun(session, sql, this.#context.translate))
  }

  describe(table: TableRef): Promise<TableInfo | undefined> {
    return this.#session((session) => describeTable(session, table))
  }

  prepare(tenant?: string): Promise<void> {
    return this.#admissions.inTurn('prepare', () =>
      this.#session((session) =>
        session.transaction(() => (tenant === undefined ? prepareMetadata(session) : prepareTenant(session, tenant))),
      ),
    )
  }

  record(table: MetadataTable, rows: readonly MetadataRow[]): Promise<void> {
    // One after another: of two transactions that insert one id at once DuckDB fails the second, whatever ON CONFLICT says.
    const recorded = this.#recording.then(() => this.#session((session) => recordRows(session, table, rows)))
    this.#recording = recorded.catch(() => undefined)
    return recorded
  }

  async #seal(ref: JobRef, job: Job): Promise<void> {
    const now = this.#clock.nowMs()
    await this.#session((session) =>
      insertJob(session, ref, {
        kind: 'seal',
        labels: job.labels,
        startedMs: now,
        endedMs: now,
        end: { state: 'done' },
      }),
    )
  }

  #start(key: string, { kind, labels }: Job, work: () => Promise<void>): void {
    this.#runner.start(key, { kind, labels, state: 'running' }, work)
  }

  async #query(key: string, job: Extract<Job, { kind: 'query' }>): Promise<void> {
    const { kind, labels } = job
    try {
      const result = await this.#database.withSession((session) => runQuery(session, job, this.#context))
      this.#results.keep(key, { kind, labels, state: 'done', rows: result.rows, bytes: 0 }, result)
    } catch (error) {
      if (!this.#closing) this.#results.keep(key, { kind, labels, state: 'failed', failure: failureOf(error) })
    }
  }

  async #execute(
    ref: JobRef,
    key: string,
    job: Extract<Job, { kind: 'publish' | 'stage' | 'quarantine' }>,
  ): Promise<void> {
    const lost = await executeJob(ref, job, {
      database: this.#database,
      context: this.#context,
      clock: this.#clock,
      isClosing: () => this.#closing,
      otherEnds: () => this.#runner.otherEnds(key),
    })
    if (lost) this.#lost.set(key, lost)
  }

  async #session<Result>(work: (session: Session) => Promise<Result>): Promise<Result> {
    try {
      return await this.#database.withSession(work)
    } catch (error) {
      throw toPlatformError(error) satisfies PlatformError
    }
  }
}

import type { FieldType, TableRef, TableSchema } from '../table.ts'
import type { ObjectRef } from './object-store.ts'

/**
 * The warehouse: BigQuery; DuckDB embedded. Everything that changes a table, or may take long, is a job under an id that the caller
 * chose; submitting never waits. A job is atomic: it happened whole, or not at all, and its id can never be used again.
 */
export interface JobRef {
  readonly tenant: string
  readonly project: string
  readonly location: string
  /** At most 1,024 of `[A-Za-z0-9_-]`. */
  readonly jobId: string
}

export interface JobLabels {
  readonly tenant: string
  readonly pipeline: string
  readonly run: string
  readonly step: string
}

export interface PartRef extends ObjectRef {
  readonly rows: number
}

/** Rows that a chunk left as Parquet, of the schema's exact types, platform columns included. */
export interface PartsSource {
  readonly kind: 'parts'
  readonly parts: readonly PartRef[]
  /** Every row's `_run_id` is this, whatever its part says: some parts were made by a run that this one replays. */
  readonly runId?: string | undefined
}

/**
 * Rows that a step of a run left in the tenant's quarantine, numbered from 1 by (`_chunk_id`, `origin`, `position`, `raw`); a row whose
 * `raw` is no JSON object never was a record, and is none of them. In the
 * transaction of the publish: those that `rejects` names by its `position` stay, with the column, value and reason that stand there; the
 * others leave the quarantine. The job fails unless there are exactly `rows` of them.
 */
export interface ReplayedRows {
  readonly runId: string
  readonly stepId: string
  readonly rows: number
  readonly rejects: readonly PartRef[]
}

/** Rows that stage jobs left, of the schema's exact types: of more parts than one job takes. In the order of the tables. */
export interface StagedSource {
  readonly kind: 'staged'
  readonly tables: readonly TableRef[]
}

export interface QueryParameter {
  readonly name: string
  readonly type: FieldType
  /** Numbers of NUMERIC and INT64, dates and times as text. An array is an ARRAY of `type`. */
  readonly value: string | number | boolean | null | readonly (string | number | boolean)[]
}

/** GoogleSQL: one SELECT. Tables stand in it as `{{name}}`, and are in `tables`; any other reference is refused. */
export interface TenantSql {
  readonly sql: string
  readonly tables: Readonly<Record<string, TableRef>>
  readonly parameters: readonly QueryParameter[]
  readonly maxBytesBilled?: number | undefined
}

/** Rows that a tenant's SELECT gives; the job adds the platform columns with these values. */
export interface SelectSource extends TenantSql {
  readonly kind: 'select'
  readonly stamp: RowStamp
}

export interface RowStamp {
  /** `YYYY-MM-DD` */
  readonly ingestionDate: string
  readonly runId: string
  readonly chunkId: string
  /** ISO instant, UTC. */
  readonly ingestedAt: string
}

export type PublishStrategy =
  | { readonly type: 'append' }
  /**
   * Partitions as `YYYY-MM-DD`; `all` replaces every row. A row outside the named partitions fails the job, except in those `leftOut`
   * (a later planner has replaced them): it is not loaded, and counted as superseded.
   */
  | {
      readonly type: 'overwrite'
      readonly partitions: readonly string[] | 'all'
      readonly leftOut?: readonly string[] | undefined
    }
  /** NULL equals NULL in keys. Of rows with one key the last by `orderBy` wins; without it two rows of one key fail the job. */
  | {
      readonly type: 'merge'
      readonly keys: readonly string[]
      readonly orderBy: readonly string[]
      /**
       * The partition column, where it is one of the keys: a row of a key is then in a partition of the source (NULL's too), and the job
       * need read no others of the table.
       */
      readonly pruneBy?: string | undefined
    }

/** Makes a step's rows visible: one transaction, which creates the dataset and table, or adds columns, where they are missing. */
export interface PublishJob {
  readonly kind: 'publish'
  readonly target: TableRef
  /** The table's whole schema, platform columns included; for `select` it may be empty: then the query's own is taken. */
  readonly schema: TableSchema
  readonly partitionBy: string
  readonly clusterBy: readonly string[]
  readonly source: PartsSource | StagedSource | SelectSource
  readonly strategy: PublishStrategy
  /** The job fails, and leaves the table as it was, when it counts another number of source rows. */
  readonly expectedRows?: number | undefined
  /** Its rows come from quarantine, and leave it as they become visible. */
  readonly replayed?: ReplayedRows | undefined
  readonly labels: JobLabels
}

/**
 * Loads parts into a table that holds nothing else and that nobody sees: `maxPartsPerJob` at a time, before a publish of more. Whatever
 * the table held is replaced. Who publishes it drops it; that of a step which never publishes is the warehouse's to forget.
 */
export interface StageJob {
  readonly kind: 'stage'
  /** In the dataset `staging`, under a name that no other job uses. */
  readonly target: TableRef
  readonly schema: TableSchema
  readonly source: PartsSource
  readonly expectedRows: number
  readonly labels: JobLabels
}

/** What may stand as `{{name}}` in a platform's query: a table with an optional restriction, or rows that are not published yet. */
export type Relation =
  | {
      readonly kind: 'table'
      readonly table: TableRef
      /** All of them hold; values are bound. */
      readonly where?: readonly { readonly column: string; readonly equals: QueryParameter }[] | undefined
      /** Only the partitions (values of `column`) in which the run has rows. */
      readonly partitionsOfRun?: { readonly column: string; readonly runId: string } | undefined
    }
  | (PartsSource & { readonly schema: TableSchema })
  | (StagedSource & { readonly schema: TableSchema })

/** SQL that the platform compiled in the warehouse's own dialect (`capabilities.dialect`), for example by the dq stage. */
export interface NativeSql {
  readonly sql: string
  readonly inputs: Readonly<Record<string, Relation>>
  readonly parameters: readonly QueryParameter[]
}

/** Reads; its rows are fetched with `rows`. */
export interface QueryJob {
  readonly kind: 'query'
  readonly query: ({ readonly dialect: 'google' } & TenantSql) | ({ readonly dialect: 'native' } & NativeSql)
  readonly labels: JobLabels
}

/** Moves rows of a table to the tenant's quarantine, in one transaction. `where` is native SQL over the table's columns. */
export interface QuarantineJob {
  readonly kind: 'quarantine'
  readonly table: TableRef
  readonly input: Relation
  readonly rules: readonly { readonly where: string; readonly reason: string; readonly column?: string }[]
  readonly parameters: readonly QueryParameter[]
  readonly labels: JobLabels
}

/** `SELECT 1`: takes an id, so that no other job of that id can ever run. */
interface SealJob {
  readonly kind: 'seal'
  readonly labels: JobLabels
}

export type Job = PublishJob | StageJob | QueryJob | QuarantineJob | SealJob

/** What the job itself counted, none derived from the others. */
export interface JobCounts {
  /** Rows that the source gave. */
  readonly staged: number
  readonly inserted: number
  readonly updated: number
  /** Rows of the table that `overwrite` or `quarantine` removed. */
  readonly deleted: number
  /** Staged rows that lost against a later row of the same key, or were in a partition that was left out. */
  readonly superseded: number
}

export interface JobFailure {
  readonly code: import('../errors.ts').ErrorCode
  readonly retryable: boolean
  /** For a user: says what to do, names no internals. */
  readonly message: string
}

export type JobStatus = { readonly kind: Job['kind']; readonly labels: JobLabels } & (
  | { readonly state: 'running' }
  | { readonly state: 'done'; readonly counts?: JobCounts; readonly rows?: number; readonly bytes?: number }
  | { readonly state: 'failed'; readonly failure: JobFailure }
)

export type SubmitResult =
  | { readonly outcome: 'submitted' }
  | { readonly outcome: 'exists'; readonly status: JobStatus }

export interface ResultPage {
  readonly schema: TableSchema
  /** Values in column order: INT64 and NUMERIC as text, dates and times as ISO text, BOOL as boolean, STRUCT and ARRAY as objects. */
  readonly rows: readonly (readonly unknown[])[]
  readonly nextPageToken?: string | undefined
}

export interface TableInfo {
  readonly schema: TableSchema
  readonly partitionBy: string | undefined
  readonly clusterBy: readonly string[]
  readonly rows: number
}

export type MetadataTable = 'tenants' | 'api_keys' | 'pipeline_runs' | 'step_runs' | 'dq_results' | 'load_receipts'

export interface MetadataRow {
  /** Rows with an id that was recorded before are dropped, now or by the views. */
  readonly insertId: string
  readonly row: Readonly<Record<string, unknown>>
}

export interface WarehouseCapabilities {
  readonly dialect: 'bigquery' | 'duckdb'
  /** How long to wait before a running job is looked at again, milliseconds. */
  readonly pollMs: number
  /** Project and location that runs without their own are pinned to. */
  readonly project: string
  readonly location: string
  /** Of a publish, a stage job, or a query: the step's others are staged. */
  readonly maxPartsPerJob: number
  readonly maxPartitionsPerJob: number
}

export interface Warehouse {
  readonly capabilities: WarehouseCapabilities
  /** Starts the job unless its id is taken: then says by what. Idempotent by id. Throws UnavailableError: it may or may not have started. */
  submit(ref: JobRef, job: Job): Promise<SubmitResult>
  /** What the job of this id is now; undefined: the id is free. */
  poll(ref: JobRef): Promise<JobStatus | undefined>
  /** Rows of a finished query. Throws NotFoundError when they are gone (submit again under another id). */
  rows(ref: JobRef, options?: { pageToken?: string; limit?: number }): Promise<ResultPage>
  /** Bytes, result schema and nothing else. Throws InvalidInputError with line and column of what is wrong or not supported. */
  dryRun(tenant: string, sql: TenantSql): Promise<{ bytes: number; schema: TableSchema }>
  /** The table, or undefined. */
  describe(table: TableRef): Promise<TableInfo | undefined>
  /** Creates or upgrades (adds columns to) the metadata tables; creates the tenant's metadata views and quarantine. Idempotent. */
  prepare(tenant?: string): Promise<void>
  /** Streams rows into a metadata table. Idempotent by insert id. */
  record(table: MetadataTable, rows: readonly MetadataRow[]): Promise<void>
}

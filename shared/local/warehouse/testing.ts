import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type {
  Job,
  JobRef,
  JobStatus,
  PartRef,
  PublishJob,
  PublishStrategy,
  QueryParameter,
  Relation,
} from '@convergence/core/ports/warehouse.ts'
import {
  datasetName,
  withPlatformFields,
  type Field,
  type TableRef,
  type TableSchema,
} from '@convergence/core/table.ts'
import { DuckDBInstance } from '@duckdb/node-api'
import { DuckDbWarehouse, type DuckDbWarehouseOptions, type TranslateSql } from '../warehouse.ts'
import { columnList } from './sql.ts'
import { duckdbType } from './types.ts'

/** What the tests of the warehouse share: a real file in a folder of its own, and parts made by another DuckDB. */
export const LABELS = { tenant: 'acme', pipeline: 'p', run: 'run1', step: 's' }
export const TABLE: TableRef = { tenant: 'acme', dataset: 'raw', table: 'usage' }

export const jobRef = (jobId: string, tenant = 'acme'): JobRef => ({
  tenant,
  project: 'local',
  location: 'local',
  jobId,
})

export const field = (
  name: string,
  type: Field['type'],
  mode: Field['mode'] = 'NULLABLE',
  more: Partial<Field> = {},
): Field => ({ name, type, mode, ...more })

/** Plain DuckDB SQL with `{{name}}` as a table: stands for the translator, which is tested elsewhere. */
const plainSql: TranslateSql = ({ sql, tables, parameters }) => ({
  sql: sql.replace(/\{\{(\w+)\}\}/g, (_, name: string) => {
    const table = tables[name]
    return table ? `"${datasetName(table)}"."${table.table}"` : name
  }),
  parameters,
})

export type Row = Readonly<Record<string, string | number | null>>

let maker: Promise<DuckDBInstance> | undefined
/** One for all tests of the process: it holds nothing. */
const partMaker = (): Promise<DuckDBInstance> => (maker ??= DuckDBInstance.create(':memory:', { threads: '1' }))

export class WarehouseFixture {
  readonly folder = mkdtempSync(join(tmpdir(), 'convergence-warehouse-'))
  readonly clock = { nowMs: () => Date.UTC(2026, 0, 31) }
  #warehouse: DuckDbWarehouse | undefined
  #parts = 0
  #jobs = 0

  get options(): DuckDbWarehouseOptions {
    return {
      path: join(this.folder, 'warehouse.duckdb'),
      objectFolder: this.folder,
      tempDirectory: join(this.folder, 'spill'),
      localPath: ({ name }) => join(this.folder, name),
      clock: this.clock,
      translate: plainSql,
      memoryLimit: '300MB',
    }
  }

  /** The warehouse of this fixture, opened at the first call. */
  async open(more: Partial<DuckDbWarehouseOptions> = {}): Promise<DuckDbWarehouse> {
    this.#warehouse ??= await DuckDbWarehouse.open({ ...this.options, ...more })
    return this.#warehouse
  }

  /** Closes it; the next `open` opens the same file. */
  async shut(): Promise<void> {
    await this.#warehouse?.close()
    this.#warehouse = undefined
  }

  async reopen(): Promise<DuckDbWarehouse> {
    await this.shut()
    return this.open()
  }

  /** A part from a SELECT in DuckDB's SQL. */
  async part(select: string): Promise<PartRef> {
    const name = `part-${this.#parts++}.parquet`
    const connection = await (await partMaker()).connect()
    await connection.run(`SET TimeZone = 'UTC'`)
    const result = await connection.run(`COPY (${select}) TO '${join(this.folder, name)}' (FORMAT parquet)`)
    connection.closeSync()
    return { bucket: 'b', name, rows: result.rowsChanged }
  }

  /** A part of these rows, of the schema's exact types; platform columns get fixed values. */
  partOf(schema: TableSchema, rows: readonly Row[], stamp: { day?: string; run?: string } = {}): Promise<PartRef> {
    const platform: Row = {
      ingestion_date: stamp.day ?? '2026-01-31',
      _run_id: stamp.run ?? 'run1',
      _chunk_id: 'c0',
      _ingested_at: '2026-01-31T00:00:00Z',
    }
    const fields = withPlatformFields(schema)
    const cell = (value: string | number | null | undefined, of: Field): string =>
      `CAST(${value === null || value === undefined ? 'NULL' : `'${String(value).replaceAll("'", "''")}'`} AS ${duckdbType(of, { jsonAsText: true })})`
    const tuple = (row: Row): string => `(${fields.map((of) => cell({ ...platform, ...row }[of.name], of)).join(', ')})`
    if (rows.length === 0)
      return this.part(`SELECT * FROM (VALUES ${tuple({})}) AS v(${columnList(fields)}) WHERE FALSE`)
    return this.part(`SELECT * FROM (VALUES ${rows.map(tuple).join(', ')}) AS v(${columnList(fields)})`)
  }

  publishJob(
    schema: TableSchema,
    parts: readonly PartRef[],
    strategy: PublishStrategy,
    more: Partial<PublishJob> = {},
  ): PublishJob {
    return {
      kind: 'publish',
      target: TABLE,
      schema: withPlatformFields(schema),
      partitionBy: 'ingestion_date',
      clusterBy: [],
      source: { kind: 'parts', parts },
      strategy,
      labels: LABELS,
      ...more,
    }
  }

  /** Submits under a new id, or the given one, and looks until the job has ended. */
  async run(job: Job, jobId = `job-${this.#jobs++}`): Promise<JobStatus> {
    const warehouse = await this.open()
    await warehouse.submit(jobRef(jobId), job)
    return this.ended(jobId)
  }

  async ended(jobId: string): Promise<JobStatus> {
    const warehouse = await this.open()
    for (;;) {
      const status = await warehouse.poll(jobRef(jobId))
      if (!status) throw new Error(`no job ${jobId}`)
      if (status.state !== 'running') return status
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  /** The message of a job that must fail. */
  async failure(job: Job): Promise<string> {
    const status = await this.run(job)
    return status.state === 'failed'
      ? `${status.failure.code}${status.failure.retryable ? ' (retryable)' : ''}: ${status.failure.message}`
      : status.state
  }

  /** Rows of a native query; `{{t}}` is the table. */
  async query(
    sql: string,
    table: TableRef | Relation = TABLE,
    parameters: readonly QueryParameter[] = [],
  ): Promise<readonly (readonly unknown[])[]> {
    const relation: Relation = 'kind' in table ? table : { kind: 'table', table }
    const jobId = `query-${this.#jobs++}`
    const status = await this.run(
      { kind: 'query', query: { dialect: 'native', sql, inputs: { t: relation }, parameters }, labels: LABELS },
      jobId,
    )
    if (status.state !== 'done') throw new Error(status.state === 'failed' ? status.failure.message : status.state)
    return (await (await this.open()).rows(jobRef(jobId))).rows
  }

  async close(): Promise<void> {
    await this.#warehouse?.close()
    rmSync(this.folder, { recursive: true, force: true })
  }
}

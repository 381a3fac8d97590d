import { mkdtemp, mkdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { JobRef, JobStatus, NativeSql, PartsSource, Relation } from '@convergence/core/ports/warehouse.ts'
import type { TableSchema } from '@convergence/core/table.ts'
import { systemClock } from '@convergence/local/clock.ts'
import { DuckDbWarehouse } from '@convergence/local/warehouse.ts'
import type { NamedQuery, QueryRows, RowsByName } from '@convergence/pipeline/dq/run-checks.ts'
import { writeParquet, type TableContent } from './duckdb-table.ts'

/** The embedded warehouse in a temporary folder; tables are Parquet parts that are not loaded, as before a publish. */
export interface ConformanceWarehouse {
  /** Writes a table as a part. */
  relation(content: TableContent, schema: TableSchema): Promise<Relation>
  run(queries: readonly NamedQuery[]): Promise<RowsByName>
  close(): Promise<void>
}

const TENANT = 'conformance'
const LABELS = { tenant: TENANT, pipeline: 'conformance', run: 'conformance', step: 'dq' }
const POLL_MS = 2

export const openConformanceWarehouse = async (): Promise<ConformanceWarehouse> => {
  const folder = await mkdtemp(join(tmpdir(), 'convergence-conformance-'))
  const objectFolder = join(folder, 'objects')
  await mkdir(objectFolder)
  const warehouse = await DuckDbWarehouse.open({
    path: join(folder, 'warehouse.duckdb'),
    objectFolder,
    tempDirectory: join(folder, 'temp'),
    localPath: ({ name }) => join(objectFolder, name),
    clock: systemClock,
  })
  let next = 0
  const unused = (): number => next++
  return {
    relation: async (content, schema) => {
      const name = `${unused()}.parquet`
      const rows = await writeParquet(content, join(objectFolder, name))
      const parts: PartsSource['parts'] = rows === 0 ? [] : [{ bucket: 'conformance', name, rows }]
      return { kind: 'parts', parts, schema }
    },
    run: async (queries) => {
      const rows: Record<string, QueryRows> = {}
      for (const { name, sql } of queries) rows[name] = await runQuery(warehouse, `query-${unused()}`, sql)
      return rows
    },
    close: async () => {
      await warehouse.close()
      await rm(folder, { recursive: true })
    },
  }
}

const runQuery = async (warehouse: DuckDbWarehouse, jobId: string, sql: NativeSql): Promise<QueryRows> => {
  const ref: JobRef = { tenant: TENANT, project: 'local', location: 'local', jobId }
  await warehouse.submit(ref, { kind: 'query', query: { dialect: 'native', ...sql }, labels: LABELS })
  const status = await finished(warehouse, ref)
  if (status.state === 'failed') return { failed: status.failure.message }
  const rows: (readonly unknown[])[] = []
  let pageToken: string | undefined
  do {
    const page = await warehouse.rows(ref, pageToken === undefined ? {} : { pageToken })
    rows.push(...page.rows)
    pageToken = page.nextPageToken
  } while (pageToken !== undefined)
  return rows
}

const finished = async (warehouse: DuckDbWarehouse, ref: JobRef): Promise<JobStatus> => {
  for (;;) {
    const status = await warehouse.poll(ref)
    if (status && status.state !== 'running') return status
    await sleep(POLL_MS)
  }
}

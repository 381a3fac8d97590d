import { DataRejectedError } from '@convergence/core/errors.ts'
import type { ObjectRef } from '@convergence/core/ports/object-store.ts'
import type { JobCounts, StagedSource, StageJob } from '@convergence/core/ports/warehouse.ts'
import { quotePath } from '@convergence/core/sql-identifiers.ts'
import { datasetName, type TableRef, type TableSchema } from '@convergence/core/table.ts'
import type { Session } from './session.ts'
import { emptySource, hiddenOf, partsSource, type Source } from './source.ts'
import { columnList, tablePath } from './sql.ts'

/** Keeps what parts give, with the places of their rows, in a table of its own. */
export const stage = async (
  session: Session,
  job: StageJob,
  localPath: (ref: ObjectRef) => string,
): Promise<JobCounts> => {
  const source = await partsSource(session, job.source.parts, job.schema, {
    localPath,
    name: 'parts',
    runId: job.source.runId,
  })
  await session.run(`CREATE SCHEMA IF NOT EXISTS ${quotePath([datasetName(job.target)], 'duckdb')}`)
  await session.run(`CREATE OR REPLACE TABLE ${tablePath(job.target)} AS SELECT * FROM ${source.sql}`, source.bindings)
  const staged = await session.count(`SELECT count(*) FROM ${tablePath(job.target)}`)
  if (staged !== job.expectedRows)
    throw new DataRejectedError(`the job was to stage ${job.expectedRows} rows, but its parts gave ${staged}`)
  return { staged, inserted: 0, updated: 0, deleted: 0, superseded: 0 }
}

/** What stage jobs kept, in the order of the tables and of the parts in each. */
export const stagedSource = ({ tables }: StagedSource, fields: TableSchema): Source => {
  if (tables.length === 0) return emptySource(fields)
  const places = hiddenOf(fields).map((name) => `"#${name}"`)
  const columns = [columnList(fields), ...places].join(', ')
  const selects = tables.map((table, index) => `SELECT ${columns}, ${index} AS "#table" FROM ${tablePath(table)}`)
  return { sql: `(${selects.join(' UNION ALL ')})`, bindings: {}, fields, position: ['"#table"', ...places] }
}

/** Once they are published. */
export const dropStaged = async (session: Session, tables: readonly TableRef[]): Promise<void> => {
  for (const table of tables) await session.run(`DROP TABLE IF EXISTS ${tablePath(table)}`)
}

import type { DuckDBConnection } from '@duckdb/node-api'
import type { TableRef } from '@convergence/core/table.ts'
import { datasetName } from '@convergence/core/table.ts'
import type { Column } from './sql-values.ts'

/** Tables of the cases, created as the warehouse has a tenant's. */
export interface CaseTable {
  readonly columns: readonly Column[]
  readonly rows: readonly (readonly unknown[])[]
}

const TYPES: Readonly<Record<string, string>> = {
  INT64: 'BIGINT',
  FLOAT64: 'DOUBLE',
  NUMERIC: 'DECIMAL(38,9)',
  STRING: 'VARCHAR',
  BOOL: 'BOOLEAN',
  BYTES: 'BLOB',
  DATE: 'DATE',
  DATETIME: 'TIMESTAMP',
  TIMESTAMP: 'TIMESTAMPTZ',
  TIME: 'TIME',
  JSON: 'JSON',
}

const duckdbType = (column: Column): string => {
  const base =
    column.type === 'STRUCT'
      ? `STRUCT(${(column.fields ?? []).map((field) => `"${field.name}" ${duckdbType(field)}`).join(', ')})`
      : TYPES[column.type]
  if (base === undefined) throw new Error(`no table with ${column.type}`)
  return column.mode === 'REPEATED' ? `${base}[]` : base
}

const text = (value: unknown): string => (typeof value === 'object' ? JSON.stringify(value) : String(value as number))

const literal = (value: unknown, column: Column): string => {
  if (value === null || value === undefined) return 'NULL'
  if (column.mode === 'REPEATED' && Array.isArray(value))
    return `[${value.map((item) => literal(item, { ...column, mode: 'NULLABLE' })).join(', ')}]`
  if (column.type === 'STRUCT' && Array.isArray(value))
    return `row(${value.map((item, index) => literal(item, column.fields?.[index] ?? column)).join(', ')})`
  if (column.type === 'BYTES') return `from_base64('${text(value)}')`
  const quoted = `'${text(value).replaceAll("'", "''")}'`
  return `CAST(${quoted} AS ${duckdbType({ ...column, mode: 'NULLABLE' })})`
}

/** The insert casts each row's list or struct to the column's type. */
export const createTable = async (connection: DuckDBConnection, ref: TableRef, table: CaseTable): Promise<void> => {
  const name = `"${datasetName(ref)}"."${ref.table}"`
  await connection.run(`CREATE SCHEMA IF NOT EXISTS "${datasetName(ref)}"`)
  await connection.run(
    `CREATE OR REPLACE TABLE ${name} (${table.columns.map((column) => `"${column.name}" ${duckdbType(column)}`).join(', ')})`,
  )
  for (let at = 0; at < table.rows.length; at += 200) {
    const rows = table.rows
      .slice(at, at + 200)
      .map((row) => `(${table.columns.map((column, index) => literal(row[index], column)).join(', ')})`)
    await connection.run(`INSERT INTO ${name} VALUES ${rows.join(', ')}`)
  }
}

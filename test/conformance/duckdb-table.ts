import { DuckDBInstance, listValue, LIST, VARCHAR, type DuckDBConnection, type DuckDBValue } from '@duckdb/node-api'
import type { NativeSql } from '@convergence/core/ports/warehouse.ts'
import type { QueryRows } from '@convergence/pipeline/dq/run-checks.ts'

/** A table in an own in-memory DuckDB, asked as the embedded warehouse asks: values bound, rows in the port's form. */
export interface DuckDbTable {
  query(sql: NativeSql): Promise<QueryRows>
  close(): void
}

export interface TableContent {
  /** DuckDB's types by column. */
  readonly types: Readonly<Record<string, string>>
  readonly columns: Readonly<Record<string, readonly unknown[]>>
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** Writes the table as one Parquet file; gives its rows. */
export const writeParquet = async (content: TableContent, path: string): Promise<number> => {
  const { instance, connection } = await openTable(content)
  await connection.run(`COPY input TO '${path.replaceAll("'", "''")}' (FORMAT parquet)`)
  connection.closeSync()
  instance.closeSync()
  return Object.values(content.columns)[0]?.length ?? 0
}

const openTable = async ({ types, columns }: TableContent) => {
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  await connection.run(`SET TimeZone = 'UTC'; SET threads = 1`)
  const names = Object.keys(types)
  await connection.run(`CREATE TABLE input (${names.map((name) => `${quoted(name)} ${types[name]}`).join(', ')})`)
  if (names.some((name) => columns[name]!.length > 0)) await fill(connection, names, { types, columns })
  return { instance, connection }
}

export const openDuckDbTable = async (content: TableContent): Promise<DuckDbTable> => {
  const { instance, connection } = await openTable(content)
  return {
    query: async (sql) => {
      try {
        return await rowsOf(connection, sql)
      } catch (error) {
        return { failed: error instanceof Error ? error.message : String(error) }
      }
    },
    close: () => {
      connection.closeSync()
      instance.closeSync()
    },
  }
}

const textOf = (value: unknown): string | null =>
  value === null || value === undefined ? null : typeof value === 'string' ? value : JSON.stringify(value)

const fill = async (
  connection: DuckDBConnection,
  names: readonly string[],
  { types, columns }: TableContent,
): Promise<void> => {
  const select = names.map((name, index) => `CAST(unnest($c${index}) AS ${types[name]})`).join(', ')
  const values = names.map((name, index) => [`c${index}`, listValue(columns[name]!.map(textOf))] as const)
  await connection.run(
    `INSERT INTO input SELECT ${select}`,
    Object.fromEntries(values),
    Object.fromEntries(values.map(([name]) => [name, LIST(VARCHAR)])),
  )
}

const rowsOf = async (
  connection: DuckDBConnection,
  { sql, parameters }: NativeSql,
): Promise<readonly (readonly unknown[])[]> => {
  const values: Record<string, DuckDBValue> = {}
  const types: Record<string, ReturnType<typeof LIST>> = {}
  for (const { name, value } of parameters) {
    values[name] = Array.isArray(value) ? listValue(value.map(textOf)) : (value as DuckDBValue)
    if (Array.isArray(value)) types[name] = LIST(VARCHAR)
  }
  const reader = await connection.runAndReadAll(sql.replaceAll('{{input}}', 'input'), values, types)
  const times = reader.columnTypes().map((type) => String(type).startsWith('TIMESTAMP'))
  // INT64 and decimals come as text, so that no digit is lost; times as ISO.
  return reader
    .getRowsJson()
    .map((row) => row.map((value, index) => (times[index] && typeof value === 'string' ? isoTime(value) : value)))
}

const isoTime = (text: string): string => text.replace(' ', 'T').replace(/\+00$/, 'Z')

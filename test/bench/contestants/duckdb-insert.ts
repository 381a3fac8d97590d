import { DuckDBInstance } from '@duckdb/node-api'
import { lineitemColumns, type AmountType } from '../csv-lineitem.ts'
import { duckdbColumns, duckdbType } from '../fingerprint.ts'

interface Task {
  /** The .duckdb file to be made. */
  readonly database: string
  readonly amounts: AmountType
  readonly csv: string
}

/** DuckDB's own way from a CSV file to a table of the same types. */
export default async ({ database, amounts, csv }: Task): Promise<void> => {
  const instance = await DuckDBInstance.create(database)
  const connection = await instance.connect()
  const columns = lineitemColumns(amounts).map((field) => `${field.name} ${duckdbType(field)}`)
  await connection.run(`CREATE TABLE lineitem (${columns.join(', ')})`)
  await connection.run(
    `INSERT INTO lineitem SELECT * FROM read_csv('${csv}', header = true, delim = ',', columns = ${duckdbColumns(amounts)})`,
  )
  connection.closeSync()
  instance.closeSync()
}

import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import type { AmountType } from '../csv-lineitem.ts'
import { duckdbColumns } from '../fingerprint.ts'

/** DuckDB's own way from a CSV file to zstd Parquet of the same types. */
export default async ({
  csv,
  folder,
  amounts,
}: {
  csv: string
  folder: string
  amounts: AmountType
}): Promise<void> => {
  const connection = await (await DuckDBInstance.create(':memory:')).connect()
  await connection.run(
    `COPY (SELECT * FROM read_csv('${csv}', header = true, delim = ',', columns = ${duckdbColumns(amounts)})) TO '${join(folder, 'part-0.parquet')}' (FORMAT parquet, COMPRESSION zstd)`,
  )
}

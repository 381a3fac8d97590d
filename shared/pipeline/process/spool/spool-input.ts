import { join } from 'node:path'
import { DataRejectedError } from '@convergence/core/errors.ts'
import type { ProcessInput, TargetColumn } from '@convergence/core/ports/processor.ts'
import { spoolCsv } from './spool-csv.ts'
import { SpoolFile } from './spool-file.ts'
import { spoolJson } from './spool-json.ts'
import type { TableSink } from './table-sink.ts'

/**
 * Writes an input to files of ours, under names of ours: polars acts on what a name ends in. Gives the names of what nobody wants, where
 * the tables do not say it.
 */
export const spoolInput = async (
  input: ProcessInput,
  columns: readonly TargetColumn[],
  wanted: readonly string[],
  tables: TableSink,
): Promise<readonly string[] | undefined> => {
  const { format } = input
  switch (format.format) {
    case 'csv':
      await spoolCsv(input, format, columns, tables)
      return undefined
    case 'parquet': {
      const folder = tables.folder()
      await tables.take({ parquet: await spoolBytes(input, join(folder, 'input.parquet')) }, folder)
      return undefined
    }
    default:
      return spoolJson(input, format, columns, wanted, tables)
  }
}

export const spoolBytes = async (input: ProcessInput, path: string): Promise<string> => {
  const file = new SpoolFile(path)
  let bytes = 0
  try {
    for await (const chunk of input.body) {
      bytes += chunk.length
      await file.write(chunk)
    }
    await file.close()
  } catch (error) {
    await file.abandon()
    throw error
  }
  if (bytes === 0) throw new DataRejectedError(`${input.origin}: empty file`)
  return path
}

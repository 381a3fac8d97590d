import { join } from 'node:path'
import { DataRejectedError } from '@convergence/core/errors.ts'
import type { ProcessInput, TargetColumn } from '@convergence/core/ports/processor.ts'
import type { Spooled } from '../job.ts'
import { spoolCsv } from './spool-csv.ts'
import { SpoolFile } from './spool-file.ts'
import { spoolJson } from './spool-json.ts'

/** Writes an input to files of ours in `directory`, under names of ours: polars acts on what a name ends in. */
export const spoolInput = async (
  input: ProcessInput,
  columns: readonly TargetColumn[],
  wanted: readonly string[],
  directory: string,
): Promise<Spooled & { unknown?: readonly string[] }> => {
  const { format } = input
  switch (format.format) {
    case 'csv':
      return spoolCsv(input, format, columns, directory)
    case 'parquet':
      return { parquet: await spoolBytes(input, join(directory, 'input.parquet')) }
    default:
      return spoolJson(input, format, columns, wanted, directory)
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

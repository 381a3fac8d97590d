import { readFileSync } from 'node:fs'
import pl from 'nodejs-polars'
import type { CsvInput, ProcessedFile, ProcessRequest, TargetColumn } from '@convergence/core/ports/processor.ts'
import { cellText } from './polars/cell-text.ts'
import type { Field, FieldType } from '@convergence/core/table.ts'

/** Helpers of this folder's tests. */
export const CSV: CsvInput = { format: 'csv', delimiter: ',', quote: '"', header: true, nullValues: [''] }

async function* bodyOf(content: string | Uint8Array, pieceBytes = 1 << 16): AsyncIterable<Uint8Array> {
  const bytes = Buffer.from(content as string)
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes)
}

export const column = (
  name: string,
  type: FieldType,
  more: Partial<Field> & Pick<TargetColumn, 'round' | 'parse'> & { source?: string } = {},
): TargetColumn => {
  const { round, parse, source = name, ...field } = more
  return { field: { name, type, mode: 'NULLABLE', ...field }, source, ...(round && { round }), ...(parse && { parse }) }
}

export const request = (
  content: string | Uint8Array,
  columns: readonly TargetColumn[],
  more: Partial<ProcessRequest> & { format?: ProcessRequest['input']['format']; pieceBytes?: number } = {},
): ProcessRequest => {
  const { format = CSV, pieceBytes, ...rest } = more
  return {
    input: { format, body: bodyOf(content, pieceBytes), origin: 'bills/a.csv', firstRow: 1 },
    columns,
    ignored: [],
    constants: [],
    rejectConstants: [],
    ...rest,
  }
}

/** Rows of parts as texts (polars' own), and their types. A column of bytes, which has no text, is given as it is read in UTF-8. */
export const readParts = (
  files: readonly ProcessedFile[],
  texts = true,
): { rows: Record<string, unknown>[]; types: Record<string, string> } => {
  const rows: Record<string, unknown>[] = []
  let types: Record<string, string> = {}
  for (const { body } of files) {
    const frame = pl.readParquet(readFileSync((body as { path: string }).path))
    if (texts) types = Object.fromEntries(frame.columns.map((name) => [name, String(frame.getColumn(name).dtype)]))
    rows.push(
      ...(frame
        .select(...frame.columns.map((name) => cellText(pl.col(name), types[name] === 'DataType(Time)')))
        .toRecords() as Record<string, unknown>[]),
    )
  }
  return { rows, types }
}

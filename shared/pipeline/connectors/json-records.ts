import type { JsonPath } from '@convergence/core/json-path.ts'
import { CsvWriter, RowMemory } from './json/csv-writer.ts'
import type { Inherit } from './json/inherit.ts'
import { inheritedByLevel, locate } from './json/inherit.ts'
import { RecordCells } from './json/record.ts'
import type { Kind } from './json/scanner.ts'
import { JsonScanner, KIND } from './json/scanner.ts'
import type { JsonValue } from './json/values.ts'
import { cellText, valueOf } from './json/values.ts'
import { Walk } from './json/walk.ts'

export { csvLine, RowMemory } from './json/csv-writer.ts'
export type { JsonValue } from './json/values.ts'

/**
 * The records of one JSON document as text cells: numbers keep the digits they are written with, true and false are their names,
 * objects and arrays are compact JSON text, null and a missing key are NULL. No number passes a float.
 * The whole document is checked. Throws DataRejectedError: what is wrong, at which byte.
 */
export interface RecordOptions {
  /** Where the records are: `data[*].results[*]`; no segments: the document is one record. */
  readonly records: JsonPath
  /** Columns from ancestors of the records. They win over a key of the same name in a record. */
  readonly inherit?: readonly Inherit[] | undefined
  /** Column of a key; the key itself when absent. Two keys of one column are an error. */
  readonly nameOf?: ((key: string) => string) | undefined
  /** When nothing stands at `records`: an error (default), or no records. An empty array and null are no records. */
  readonly missing?: 'reject' | 'empty' | undefined
}

export interface ExtractedRecords {
  /** Inherited ones first, then in the order in which they were met. */
  readonly columns: readonly string[]
  /** At most `limit` of them; as long as `columns`. */
  readonly rows: readonly (readonly (string | null)[])[]
  /** All records, beyond the limit too. */
  readonly count: number
  /** The document without the records: their array is left out. */
  readonly document: JsonValue
}

export interface EncodedRecords {
  /** The columns' cells, a line a record, no header. NULL is empty and unquoted, the empty text is `""`. */
  readonly csv: () => Uint8Array
  readonly count: number
  /** Columns of keys that are not among the columns. */
  readonly unknown: readonly string[]
  readonly document: JsonValue
}

const itself = (key: string): string => key

export const extractRecords = (
  bytes: Uint8Array,
  options: RecordOptions & { readonly limit?: number },
): ExtractedRecords => {
  const { limit = Number.POSITIVE_INFINITY } = options
  const rows: (string | null)[][] = []
  const { scanner, cells, walkOptions } = prepare(bytes, options)
  const row = () => {
    if (rows.length >= limit) return
    rows.push(
      cells.columns.map((_, i) =>
        cellText(scanner, cells.kinds[i] as Kind, cells.starts[i] as number, cells.ends[i] as number),
      ),
    )
  }
  const sink = {
    row,
    mark: () => rows.length,
    reset: (length: number) => {
      rows.length = length
    },
  }
  const walk = new Walk(scanner, cells, sink, walkOptions)
  const document = walk.document()
  for (const cut of rows) while (cut.length < cells.columns.length) cut.push(null)
  return { columns: cells.columns, rows, count: walk.records, document }
}

/** The cells lie in `memory`, until that is used again; they are written as CSV when that is asked for, from `bytes`. */
export const encodeCsv = (
  bytes: Uint8Array,
  options: RecordOptions & { readonly columns: readonly string[] },
  memory = new RowMemory(),
): EncodedRecords => {
  const { scanner, cells, walkOptions } = prepare(bytes, options, options.columns)
  const writer = new CsvWriter(scanner, cells, memory)
  const document = new Walk(scanner, cells, writer, walkOptions).document()
  return { csv: () => writer.bytes(), count: writer.rows, unknown: cells.unknown, document }
}

/** The value at a path (no wildcards) of a document that was checked before, records included; undefined: nothing is there. */
export const readPath = (bytes: Uint8Array, path: JsonPath): JsonValue | undefined => {
  const scanner = new JsonScanner(bytes)
  const { kind, start, end } = locate(scanner, path, 0)
  return kind === KIND.absent ? undefined : valueOf(scanner, start, end)
}

const prepare = (bytes: Uint8Array, options: RecordOptions, columns?: readonly string[]) => {
  const inherit = options.inherit ?? []
  return {
    scanner: new JsonScanner(bytes),
    cells: new RecordCells(
      columns,
      inherit.map((one) => one.column),
      options.nameOf ?? itself,
    ),
    walkOptions: {
      records: options.records,
      inherited: inheritedByLevel(options.records, inherit),
      missing: options.missing ?? ('reject' as const),
    },
  }
}

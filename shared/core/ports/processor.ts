import type { Field } from '../table.ts'
import type { ObjectBody } from './object-store.ts'

/**
 * Bytes in, typed Parquet parts and reject parts out. polars, in a child process that may die: a crash costs one attempt of one chunk
 * (UnavailableError). Every input value is text until it is cast to its column's exact type; what does not fit is a rejected row,
 * never rounded, never NULL.
 */
export interface CsvInput {
  readonly format: 'csv'
  readonly delimiter: string
  readonly quote: string
  /** The first record names the columns. False: `columns` does. */
  readonly header: boolean
  readonly columns?: readonly string[] | undefined
  /** Unquoted texts that are NULL. */
  readonly nullValues: readonly string[]
}

export interface JsonInput {
  /** One object a line; or one document, whose records are at `records` (`[*]` for a top-level array). */
  readonly format: 'ndjson' | 'json'
  readonly records?: string | undefined
}

interface ParquetInput {
  readonly format: 'parquet'
}

export type InputFormat = CsvInput | JsonInput | ParquetInput

export interface ProcessInput {
  readonly format: InputFormat
  /** Decompressed. */
  readonly body: AsyncIterable<Uint8Array>
  /** Quarantine names a row by origin and position: a file and its record (1 is the first after the header), a request and its record. */
  readonly origin: string
  /** Position of the input's first record. */
  readonly firstRow: number
  /** It arrives slowly, or is of any size: rows are typed while the others are still being read, and make several parts. */
  readonly piecemeal?: boolean | undefined
}

export interface TargetColumn {
  readonly field: Field
  /** Name in the input. */
  readonly source: string
  /** Excess digits of decimals are rounded half to even instead of rejected. */
  readonly round?: boolean | undefined
  /** Text is not the type's own ISO form: seconds since the epoch, to a DATE or TIMESTAMP. */
  readonly parse?: 'unix' | 'unix_ms' | 'unix_date' | undefined
}

export interface ProcessRequest {
  readonly input: ProcessInput
  /** Columns of the parts, in order. A column that the input lacks is NULL (a REQUIRED one rejects every row). */
  readonly columns: readonly TargetColumn[]
  /** Input columns that are known and not loaded. Others that no target column reads are reported as `unknownColumns`. */
  readonly ignored: readonly string[]
  /** Text of columns that every row gets, after `columns`: the platform columns. */
  readonly constants: readonly { readonly field: Field; readonly value: string }[]
  /** The same for the reject parts: what quarantine knows of a row beside where it stood. */
  readonly rejectConstants: readonly { readonly field: Field; readonly value: string }[]
  /** Half-open: rows whose column is outside [start, end) are filtered and counted. ISO texts of the column's type. */
  readonly window?:
    | { readonly column: string; readonly start?: string; readonly end?: string; readonly onNull: 'reject' | 'include' }
    | undefined
  /** Rows whose column is not one of these are rejected. */
  readonly partitions?: { readonly column: string; readonly values: readonly string[] } | undefined
  /** Column whose largest accepted value is wanted. */
  readonly maxOf?: string | undefined
}

export interface ProcessedFile {
  readonly body: ObjectBody
  readonly rows: number
  readonly bytes: number
}

export interface ProcessCounts {
  readonly fetched: number
  readonly accepted: number
  readonly rejected: number
  readonly filtered: number
}

/** A rejected row, as its reject part (Parquet, columns of these names) holds it. */
export interface RejectedRow {
  readonly origin: string
  readonly position: number
  readonly column: string | null
  readonly value: string | null
  readonly reason: string
  /** The whole row as JSON text of texts. */
  readonly raw: string
}

export interface ProcessResult {
  readonly parts: readonly ProcessedFile[]
  readonly rejects: readonly ProcessedFile[]
  readonly counts: ProcessCounts
  readonly unknownColumns: readonly string[]
  /** A few of the rejects, for messages; at most 5. */
  readonly samples: readonly RejectedRow[]
  /** Largest accepted value of `maxOf`, as ISO or decimal text. */
  readonly max?: string | undefined
  /** Highest anonymous memory of the process that did it, bytes; 0 where unknown. */
  readonly peakBytes: number
  /** Removes temporary files. Call when the parts are stored; idempotent. */
  release(): Promise<void>
}

export interface Sample {
  readonly columns: readonly string[]
  /** Text cells; null is NULL. */
  readonly rows: readonly (readonly (string | null)[])[]
  /** Parquet says its types itself. */
  readonly schema?: readonly Field[] | undefined
}

export interface Processor {
  /** Throws DataRejectedError when the input as a whole is unusable (says what and where), UnavailableError when the process died. */
  process(request: ProcessRequest): Promise<ProcessResult>
  /** The first records of an input as text, at most `limit`. Reads no more of the body than it needs. Errors as `process`. */
  sample(input: ProcessInput, limit: number): Promise<Sample>
  /** Ends child processes. */
  close(): Promise<void>
}

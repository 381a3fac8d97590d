import type { ProcessCounts, ProcessRequest, RejectedRow, Sample } from '@convergence/core/ports/processor.ts'

/** Records in a file of ours. Verbatim: the input's own lines, the first of which has `firstPosition`. Canonical: each with its position in front. */
export interface Segment {
  readonly path: string
  readonly kind: 'verbatim' | 'canonical'
  readonly records: number
  readonly firstPosition: number
  /** Every cell keeps the rule of its column (see `cellRules`): polars may read it as its type. */
  readonly ruled: boolean
}

/** An input as files that polars can be given: one cell a column, as text. */
export interface SpooledTable {
  readonly names: readonly string[]
  readonly segments: readonly Segment[]
  /** How the verbatim segment is written. */
  readonly delimiter: string
  readonly quote: string
  /** Unquoted texts that are NULL, in the verbatim segment; the canonical ones have theirs already. */
  readonly nullValues: readonly string[]
  /** Records that are no rows (ragged, not UTF-8): a canonical file of the columns of reject parts. */
  readonly rejects: SpooledRejects
}

export interface SpooledRejects {
  readonly path: string
  readonly rows: number
  readonly samples: readonly RejectedRow[]
}

/** A Parquet file of the tenant's, as it is. */
interface SpooledParquet {
  readonly parquet: string
}

export type Spooled = SpooledTable | SpooledParquet

export type JobRequest = Omit<ProcessRequest, 'input'> & { readonly origin: string; readonly firstRow: number }

export type Job =
  | { readonly type: 'process'; readonly directory: string; readonly spooled: Spooled; readonly request: JobRequest }
  | { readonly type: 'sample'; readonly parquet: string; readonly origin: string; readonly limit: number }

export interface DoneFile {
  readonly path: string
  readonly rows: number
  readonly bytes: number
}

export interface ProcessDone {
  readonly parts: readonly DoneFile[]
  readonly rejects: readonly DoneFile[]
  readonly counts: ProcessCounts
  readonly samples: readonly RejectedRow[]
  readonly names: readonly string[]
  readonly max?: string
}

export type JobAnswer =
  | { readonly outcome: 'done'; readonly result: ProcessDone | Sample; readonly peakBytes: number }
  /** `code` is a PlatformError's: the data, the config, or a defect of ours. */
  | {
      readonly outcome: 'failed'
      readonly code: string
      readonly message: string
      readonly details: Readonly<Record<string, unknown>>
    }

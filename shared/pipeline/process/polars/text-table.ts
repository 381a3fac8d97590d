import type { DataType, Expr, LazyDataFrame } from 'nodejs-polars'
import type { TargetColumn } from '@convergence/core/ports/processor.ts'
import { cellRules, TEXT } from '../csv/cell-rules.ts'
import type { Segment, SpooledTable } from '../job.ts'
import { readSegment, type SegmentRow } from '../csv/read-segment.ts'
import { scanSegment } from './scan-table.ts'
import { partType, typedColumn, type TypedColumn } from './typed-column.ts'
import { writesSpaces } from './writes-spaces.ts'

/** A piece of an input whose cells can be had as texts: a CSV file of ours, or a Parquet file. */
export interface TextPiece {
  readonly records: number
  /** Pieces of the same shape and target columns have the same `typed`; undefined: this one's are its own. */
  readonly shape?: string
  /** With `index`, the frame has the rows' numbers, from 0, as a column INDEX. */
  scan(index: boolean): { readonly frame: LazyDataFrame; readonly typed: (target: number) => TypedColumn }
  /** Texts of the rows at `indexes`, which rise. */
  rows(indexes: readonly number[]): AsyncIterable<SegmentRow>
}

export interface TextTable {
  readonly names: readonly string[]
  readonly pieces: readonly TextPiece[]
}

/** Each target's column in the table; -1 where the table lacks it. */
export const sourceIndexes = (names: readonly string[], columns: readonly TargetColumn[]): number[] => {
  const index = new Map(names.map((name, i) => [name, i]))
  return columns.map((column) => index.get(column.source) ?? -1)
}

export const spooledTextTable = (table: SpooledTable, columns: readonly TargetColumn[], missing: Expr): TextTable => {
  const sources = sourceIndexes(table.names, columns)
  const pieces = table.segments
    .filter((segment) => segment.records > 0)
    .map((segment): TextPiece => {
      const spaced = writesSpaces(table, segment, columns, sources)
      const types = ruledTypes(table, segment, columns)
      return {
        records: segment.records,
        shape: JSON.stringify([segment.kind, table.nullValues, sources, spaced, segment.ruled]),
        scan: (index) => {
          const { frame, text } = scanSegment(table, segment, index, types)
          const typed = (i: number): TypedColumn => {
            const source = sources[i] as number
            if (types.has(source)) return { typed: text(source), accepted: undefined }
            return typedColumn(columns[i] as TargetColumn, source === -1 ? missing : text(source), spaced[i] === true)
          }
          return { frame, typed }
        },
        rows: (indexes) => readSegment(table, segment, indexes),
      }
    })
  return { names: table.names, pieces }
}

/** Types of the columns whose cells need no look: by position in the segment. */
const ruledTypes = (
  table: SpooledTable,
  segment: Segment,
  columns: readonly TargetColumn[],
): ReadonlyMap<number, DataType> => {
  const rules = segment.ruled ? cellRules(table.names, columns) : undefined
  const types = new Map<number, DataType>()
  for (const { source, field } of columns) {
    const at = table.names.indexOf(source)
    if (rules !== undefined && at !== -1 && rules.kinds[at] !== TEXT) types.set(at, partType(field))
  }
  return types
}

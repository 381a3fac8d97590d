import pl, { type DataType, type Expr, type LazyDataFrame } from 'nodejs-polars'
import { CANONICAL } from '../csv/canonical-row.ts'
import { UNQUOTED } from '../csv/count-records.ts'
import type { Segment, SpooledTable } from '../job.ts'

/** Columns of text as polars is given them: names of ours, which no column of a table can have. */
export const cellName = (index: number): string => `#${index}`
export const INDEX = '#index'

/** Lazily reads a CSV file of ours: no header, every cell text but those of `types`, by position. */
export const scanText = (
  path: string,
  columns: number,
  options: { delimiter?: string; quote?: string; index?: boolean; types?: ReadonlyMap<number, DataType> } = {},
): LazyDataFrame =>
  pl.scanCSV(path, {
    hasHeader: false,
    schema: Object.fromEntries(
      Array.from({ length: columns }, (_, i) => [cellName(i), options.types?.get(i) ?? pl.String]),
    ),
    sep: options.delimiter ?? CANONICAL.delimiter,
    quoteChar: options.quote === '' ? String.fromCharCode(UNQUOTED) : (options.quote ?? CANONICAL.quote),
    inferSchemaLength: 0,
    glob: false,
    cache: false,
    ...(options.index && { rowIndexName: INDEX, rowIndexOffset: 0 }),
  })

/** A segment, and its columns' texts by position in `table.names`; those of `types` are read as these, and have no text. */
export const scanSegment = (
  table: SpooledTable,
  segment: Segment,
  index: boolean,
  types: ReadonlyMap<number, DataType>,
): { frame: LazyDataFrame; text: (column: number) => Expr } => {
  const columns = table.names.length
  if (segment.kind === 'canonical')
    return { frame: scanText(segment.path, columns + 1, { index }), text: (column) => pl.col(cellName(column + 1)) }
  const nulls = table.nullValues.filter((text) => text !== '')
  const emptyIsNull = nulls.length < table.nullValues.length
  const text = (column: number): Expr => {
    const cell = emptyIsNull ? pl.col(cellName(column)) : pl.col(cellName(column)).fillNull(pl.lit(''))
    return nulls.length === 0 ? cell : pl.when(cell.isIn(nulls)).then(pl.lit(null)).otherwise(cell)
  }
  return {
    frame: scanText(segment.path, columns, { delimiter: table.delimiter, quote: table.quote, index, types }),
    text,
  }
}

import pl, { type Expr, type LazyDataFrame } from 'nodejs-polars'
import { DataRejectedError, PlatformError } from '@convergence/core/errors.ts'
import type { TargetColumn } from '@convergence/core/ports/processor.ts'
import type { Field, FieldType } from '@convergence/core/table.ts'
import type { SegmentRow } from '../csv/read-segment.ts'
import { cellText } from './cell-text.ts'
import { INDEX } from './scan-table.ts'
import { sourceIndexes, type TextTable } from './text-table.ts'
import { partType, typedColumn, type TypedColumn } from './typed-column.ts'

const BATCH_ROWS = 20_000

interface ParquetColumn {
  readonly name: string
  /** polars' name of the type, `Decimal(38,9)`; undefined: one that has no text (nested, binary). */
  readonly type: string | undefined
}

/** Opens a Parquet file of the tenant's. Throws DataRejectedError when it is none. A corrupted one may abort the process. */
const openParquet = async (path: string, origin: string): Promise<{ columns: ParquetColumn[]; records: number }> => {
  try {
    const names = pl.scanParquet(path, { glob: false }).columns
    const counted = await pl.scanParquet(path, { glob: false }).select(pl.len().alias('rows')).collect()
    return {
      columns: names.map((name) => ({ name, type: typeOf(path, name) })),
      records: Number(counted.getColumn('rows').get(0)),
    }
  } catch (error) {
    throw new DataRejectedError(
      `${origin}: not a Parquet file that can be read: ${firstLine(error)}; is it whole? Upload it again`,
    )
  }
}

const firstLine = (error: unknown): string =>
  ((error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '').replace(/^parquet: /, '')

/** Damage behind the footer shows only when the rows are read. Throws DataRejectedError for it; other errors are as they were. */
export const readingParquet = async <T>(origin: string, read: () => Promise<T>): Promise<T> => {
  try {
    return await read()
  } catch (error) {
    if (error instanceof PlatformError || !DAMAGED.test(firstLine(error))) throw error
    throw new DataRejectedError(`${origin}: the Parquet data is corrupted: ${firstLine(error)}; upload the file again`)
  }
}

const DAMAGED = /out of specification|corrupt|decompress|thrift|snappy|zstd|gzip|page header|invalid utf-?8/i

const typeOf = (path: string, name: string): string | undefined => {
  try {
    const type = /^DataType\((.*)\)$/.exec(
      String(pl.readParquet(path, { columns: [name], nRows: 0 }).getColumn(name).dtype),
    )?.[1]
    return type === undefined || /^(?:List|Struct|FixedSizeList|Object|Binary|Array)/.test(type) ? undefined : type
  } catch {
    return undefined
  }
}

/**
 * Cells of a Parquet file. A column that has its target's very type passes; others go through their exact text: a decimal stays the same
 * decimal, a float is its shortest digits.
 */
export const parquetTextTable = async (
  path: string,
  origin: string,
  firstRow: number,
  columns: readonly TargetColumn[],
  missing: Expr,
): Promise<TextTable> => {
  const { columns: own, records } = await openParquet(path, origin)
  const names = own.map((column) => column.name)
  const sources = sourceIndexes(names, columns)
  for (const [i, source] of sources.entries())
    if (source !== -1 && own[source]?.type === undefined)
      throw new DataRejectedError(
        `${origin}: column ${names[source]} is nested or binary, which is not available yet; leave it out of the schema (${columns[i]?.field.name}), or ignore it`,
      )
  const scan = (index: boolean): LazyDataFrame =>
    pl.scanParquet(path, { glob: false, ...(index && { rowIndexName: INDEX, rowIndexOffset: 0 }) })
  const renamed = (index: boolean): LazyDataFrame =>
    scan(index).select(
      ...(index ? [pl.col(INDEX)] : []),
      ...own.flatMap(({ name, type }, i) => (type === undefined ? [] : [pl.col(escaped(name)).alias(`#${i}`)])),
    )
  const typed = (i: number): TypedColumn => {
    const [column, source] = [columns[i] as TargetColumn, sources[i] as number]
    if (source === -1) return typedColumn(column, missing, false)
    const cell = pl.col(`#${source}`)
    const type = own[source]?.type as string
    if (column.parse === undefined && type === nameOf(column.field))
      return { typed: cell, accepted: column.field.mode === 'REQUIRED' ? cell.isNotNull() : undefined }
    return typedColumn(column, cellText(cell, type === 'Time'), type.startsWith('Datetime'))
  }
  async function* rows(indexes: readonly number[]): AsyncIterable<SegmentRow> {
    for (let at = 0; at < indexes.length; at += BATCH_ROWS) {
      const batch = indexes.slice(at, at + BATCH_ROWS)
      const [first, last] = [batch[0] as number, batch.at(-1) as number]
      const wanted = renamed(true).filter(
        pl
          .col(INDEX)
          .gtEq(pl.lit(first))
          .and(pl.col(INDEX).ltEq(pl.lit(last)))
          .and(pl.col(INDEX).isIn(batch)),
      )
      const texts = own.map(({ type }, i) =>
        (type === undefined ? pl.lit(null).cast(pl.String) : cellText(pl.col(`#${i}`), type === 'Time')).alias(
          `#t${i}`,
        ),
      )
      for (const row of (await wanted.select(pl.col(INDEX), ...texts).collect()).rows())
        yield { position: firstRow + Number(row[0]), cells: row.slice(1) as (string | null)[] }
    }
  }
  return {
    names,
    pieces: records === 0 ? [] : [{ records, scan: (index) => ({ frame: renamed(index), typed }), rows }],
  }
}

/** polars takes a name that starts with ^ and ends with $ for a pattern. */
const escaped = (name: string): string =>
  name.startsWith('^') && name.endsWith('$') ? `^${name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$` : name

const nameOf = (field: Field): string | undefined =>
  field.type === 'BYTES' || field.type === 'JSON' ? undefined : /^DataType\((.*)\)$/.exec(String(partType(field)))?.[1]

/** What a Parquet file says of its columns, as fields. */
export const parquetSample = async (
  path: string,
  origin: string,
  limit: number,
): Promise<{ columns: string[]; rows: (string | null)[][]; schema: Field[] }> => {
  const { columns } = await openParquet(path, origin)
  const known = columns.filter((column) => column.type !== undefined)
  const frame = pl
    .scanParquet(path, { glob: false })
    .head(limit)
    .select(...known.map(({ name, type }, i) => cellText(pl.col(escaped(name)), type === 'Time').alias(`#${i}`)))
  const rows = known.length === 0 ? [] : ((await frame.collect()).rows() as (string | null)[][])
  return {
    columns: known.map((column) => column.name),
    rows,
    schema: known.map(({ name, type }) => ({ name, mode: 'NULLABLE', ...fieldType(type as string) })),
  }
}

const fieldType = (type: string): Pick<Field, 'type' | 'precision' | 'scale'> => {
  const [, precision, scale] = /^Decimal\((\d+),\s*(\d+)\)/.exec(type) ?? []
  if (precision !== undefined) return decimalField(Number(precision), Number(scale))
  return {
    type:
      SIMPLE[type] ??
      (/^U?Int/.test(type)
        ? 'INT64'
        : type.startsWith('Float')
          ? 'FLOAT64'
          : type.startsWith('Datetime')
            ? /,\s*\S+\)$/.test(type)
              ? 'TIMESTAMP'
              : 'DATETIME'
            : 'STRING'),
  }
}

const decimalField = (precision: number, scale: number): Pick<Field, 'type' | 'precision' | 'scale'> => ({
  type: scale <= 9 && precision - scale <= 29 ? 'NUMERIC' : 'BIGNUMERIC',
  precision,
  scale,
})

const SIMPLE: Readonly<Record<string, FieldType>> = { Bool: 'BOOL', Date: 'DATE', Time: 'TIME' }

import { join } from 'node:path'
import pl, { type Expr, type LazyDataFrame } from 'nodejs-polars'
import { InternalError } from '@convergence/core/errors.ts'
import type { Field } from '@convergence/core/table.ts'
import type { DoneFile, JobRequest, ProcessDone, SpooledRejects } from '../job.ts'
import { rowRules } from '../row-rules.ts'
import { sortLeftovers } from '../sort-leftovers.ts'
import { valueReader } from '../values/read-value.ts'
import { largest } from './largest.ts'
import { memo } from './memo.ts'
import { rowFilters } from './row-filter.ts'
import { cellName, INDEX, scanText } from './scan-table.ts'
import type { TextPiece, TextTable } from './text-table.ts'
import { castCanonical } from './typed-column.ts'
import { withRows, writePart } from './write-part.ts'

const ACCEPTED = '#accepted'

/**
 * Types a table of texts. One pass of polars writes the rows that it is sure of. Only when there are others, they are found by a second
 * pass, and read cell by cell: what is good after all (scientific notation, time offsets, …) becomes a second part, the rest is rejected
 * or filtered. The counts come from the spool, the parts and the readers, each on its own, and must agree.
 */
export const processTable = async (
  table: TextTable,
  ragged: SpooledRejects,
  request: JobRequest,
  directory: string,
): Promise<ProcessDone> => {
  const rule = rowRules(request)
  const eager = request.columns.some((column) => column.field.type === 'BYTES')
  const sure = await writeSure(table, request, join(directory, 'part-0.parquet'), eager)
  const spooled = table.pieces.reduce((sum, piece) => sum + piece.records, 0)
  const parts: DoneFile[] = sure ? [sure] : []
  const rejects: SpooledRejects[] = [ragged]
  let filtered = 0
  if (spooled !== (sure?.rows ?? 0)) {
    const indexes = await Promise.all(table.pieces.map((piece) => leftovers(piece, request)))
    const sorted = await sortLeftovers(table, request, rule, indexes, directory)
    if (sorted.accepted > 0)
      parts.push(await writeCanonical(sorted.path, sorted.accepted, request, join(directory, 'part-1.parquet'), eager))
    rejects.push(sorted.rejects)
    filtered = sorted.filtered
  }
  const rejected = rejects.reduce((sum, file) => sum + file.rows, 0)
  const accepted = parts.reduce((sum, part) => sum + part.rows, 0)
  const counts = { fetched: spooled + ragged.rows, accepted, rejected, filtered }
  if (counts.fetched !== accepted + rejected + filtered)
    throw new InternalError(
      `${request.origin}: ${counts.fetched} records became ${accepted} accepted, ${rejected} rejected and ${filtered} filtered rows`,
    )
  const kept = await withRows(parts)
  return {
    parts: kept,
    rejects: rejected > 0 ? [await writeRejects(rejects, request, join(directory, 'rejects-0.parquet'))] : [],
    counts,
    samples: rejects.flatMap((file) => file.samples).slice(0, 5),
    names: table.names,
    ...(await largest(kept, request)),
  }
}

/**
 * Expressions of the tables before. An expression of nodejs-polars takes half a millisecond to make, and a table of some columns needs
 * hundreds; the chunks of a step differ in their files only.
 */
const typings = memo<{ readonly typed: readonly Expr[]; readonly accepted: Expr | undefined }>(8)
const selections = memo<readonly Expr[]>(8)

/** The typed columns of a piece, under their own names, and whether polars is sure of the row; undefined: it is, of all of them. */
const typedPiece = (
  piece: TextPiece,
  request: JobRequest,
  index: boolean,
): { readonly frame: LazyDataFrame; readonly accepted: Expr | undefined } => {
  const { frame, typed } = piece.scan(index)
  const make = () => {
    const columns = request.columns.map((column, i) => ({ name: column.field.name, ...typed(i) }))
    const conditions = [...columns.flatMap(({ accepted }) => accepted ?? []), ...rowFilters(request)]
    return {
      typed: columns.map((column) => column.typed.alias(column.name)),
      accepted: conditions.length === 0 ? undefined : pl.allHorizontal(conditions).alias(ACCEPTED),
    }
  }
  const { columns, window, partitions } = request
  const made =
    piece.shape === undefined ? make() : typings(JSON.stringify([piece.shape, columns, window, partitions]), make)
  return { frame: frame.withColumns(...made.typed), accepted: made.accepted }
}

const targets = ({ columns }: JobRequest): readonly Expr[] => {
  const names = columns.map((column) => column.field.name)
  return selections(JSON.stringify(names), () => names.map((name) => pl.col(name)))
}

const writeSure = async (
  table: TextTable,
  request: JobRequest,
  path: string,
  eager: boolean,
): Promise<DoneFile | undefined> => {
  const frames = table.pieces.map((piece) => {
    const { frame, accepted } = typedPiece(piece, request, false)
    return accepted === undefined ? frame : frame.withColumns(accepted).filter(pl.col(ACCEPTED))
  })
  return frames.length === 0 ? undefined : writePart(finished(frames, request), path, eager)
}

/** Target columns in order, then the constants. */
const finished = (frames: LazyDataFrame[], request: JobRequest): LazyDataFrame => {
  const whole =
    frames.length === 1
      ? (frames[0] as LazyDataFrame)
      : pl.concat(frames.map((frame) => frame.select(...targets(request))))
  return whole.select(...targets(request), ...constants(request.constants))
}

const constants = (list: JobRequest['constants']): Expr[] =>
  list.map(({ field, value }) => castCanonical(field, pl.lit(constantText(field, value))).alias(field.name))

const constantText = (field: Field, value: string): string => {
  const reading = valueReader({ field, source: field.name })(value)
  if (!reading || 'reason' in reading) throw new InternalError(`constant ${field.name}: ${reading?.reason}`)
  return reading.value
}

const leftovers = async (piece: TextPiece, request: JobRequest): Promise<readonly number[]> => {
  const { frame, accepted } = typedPiece(piece, request, true)
  if (accepted === undefined) return []
  const rows = await frame.withColumns(accepted).filter(pl.col(ACCEPTED).not()).select(pl.col(INDEX)).collect()
  return [...rows.getColumn(INDEX)].map(Number)
}

/** A part of texts that the readers have accepted: polars must take every one of them. */
const writeCanonical = async (
  path: string,
  rows: number,
  request: JobRequest,
  part: string,
  eager: boolean,
): Promise<DoneFile> => {
  const text = (i: number): Expr => pl.col(cellName(i))
  const frame = scanText(path, request.columns.length)
    .withColumns(...request.columns.map((column, i) => castCanonical(column.field, text(i)).alias(column.field.name)))
    .filter(
      pl.allHorizontal(request.columns.map((column, i) => pl.col(column.field.name).isNull().eq(text(i).isNull()))),
    )
  const done = await writePart(finished([frame], request), part, eager)
  if (done.rows !== rows)
    throw new InternalError(`${request.origin}: polars took ${done.rows} of ${rows} rows that were read as good`)
  return done
}

const writeRejects = async (files: readonly SpooledRejects[], request: JobRequest, path: string): Promise<DoneFile> => {
  const frames = files.filter((file) => file.rows > 0).map((file) => scanText(file.path, 5))
  const text = (i: number): Expr => pl.col(cellName(i))
  const whole = (frames.length === 1 ? (frames[0] as LazyDataFrame) : pl.concat(frames)).select(
    pl.lit(request.origin).alias('origin'),
    text(0).cast(pl.Int64).alias('position'),
    ...['column', 'value', 'reason', 'raw'].map((name, i) => text(i + 1).alias(name)),
    ...constants(request.rejectConstants),
  )
  const done = await writePart(whole.sort('position'), path, false)
  const rows = files.reduce((sum, file) => sum + file.rows, 0)
  if (done.rows !== rows)
    throw new InternalError(`${request.origin}: polars took ${done.rows} of ${rows} rejected rows`)
  return done
}

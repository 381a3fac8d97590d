import { InvalidConfigError } from '@convergence/core/errors.ts'
import type { TargetColumn } from '@convergence/core/ports/processor.ts'
import type { JobRequest } from './job.ts'
import { valueReader, type ValueReader } from './values/read-value.ts'
import { shown } from './values/reading.ts'

/** What becomes of one row: canonical texts in the order of the target columns, or the first thing that is wrong, or outside the window. */
export type Verdict =
  | { readonly outcome: 'accepted'; readonly cells: readonly (string | null)[] }
  | { readonly outcome: 'rejected'; readonly column: string; readonly value: string | null; readonly reason: string }
  | { readonly outcome: 'filtered' }

const ORDERED = new Set(['DATE', 'DATETIME', 'TIMESTAMP', 'INT64', 'STRING'])

/**
 * The rules of a request on one row of texts: this is the truth that polars only anticipates. The window comes first: a row outside it
 * is filtered, whatever else is wrong with it.
 */
export const rowRules = (
  request: Pick<JobRequest, 'columns' | 'window' | 'partitions'>,
): ((texts: readonly (string | null)[]) => Verdict) => {
  const { columns } = request
  const readers = columns.map(valueReader)
  const window = request.window && windowRule(columns, readers, request.window)
  const partition = request.partitions && partitionRule(columns, request.partitions)
  return (texts) => {
    const outside = window?.(texts)
    if (outside) return outside
    const cells: (string | null)[] = []
    for (let i = 0; i < columns.length; i++) {
      const text = texts[i] ?? null
      const reading = (readers[i] as ValueReader)(text)
      if (reading && 'reason' in reading) return reject((columns[i] as TargetColumn).field.name, text, reading.reason)
      cells.push(reading && reading.value)
    }
    return partition?.(cells) ?? { outcome: 'accepted', cells }
  }
}

const reject = (column: string, value: string | null, reason: string): Verdict => ({
  outcome: 'rejected',
  column,
  value,
  reason,
})

export const columnIndex = (columns: readonly TargetColumn[], name: string, use: string): number => {
  const index = columns.findIndex((column) => column.field.name === name)
  if (index === -1)
    throw new InvalidConfigError(
      `${use}: there is no column ${name}; the columns are ${columns.map((column) => column.field.name).join(', ')}`,
    )
  return index
}

/** Canonical texts of the window's ends, as far as it has them. */
export const windowBounds = (columns: readonly TargetColumn[], window: NonNullable<JobRequest['window']>) => {
  const index = columnIndex(columns, window.column, 'window')
  const column = columns[index] as TargetColumn
  if (!ORDERED.has(column.field.type))
    throw new InvalidConfigError(
      `window: ${window.column} is ${column.field.type}; a window needs a DATE, DATETIME, TIMESTAMP, INT64 or STRING column`,
    )
  const read = valueReader({ field: { ...column.field, mode: 'NULLABLE' }, source: column.source })
  const bound = (text: string | undefined): string | undefined => {
    if (text === undefined) return undefined
    const reading = read(text)
    if (!reading || 'reason' in reading) throw new InvalidConfigError(`window of ${window.column}: ${reading?.reason}`)
    return reading.value
  }
  return { index, column, start: bound(window.start), end: bound(window.end) }
}

const windowRule = (
  columns: readonly TargetColumn[],
  readers: readonly ValueReader[],
  window: NonNullable<JobRequest['window']>,
) => {
  const { index, column, start, end } = windowBounds(columns, window)
  const { name, type } = column.field
  const before = type === 'INT64' ? (a: string, b: string) => BigInt(a) < BigInt(b) : byBytes
  return (texts: readonly (string | null)[]): Verdict | undefined => {
    const text = texts[index] ?? null
    if (text === null)
      return window.onNull === 'include' ? undefined : reject(name, null, 'NULL in the column of the window')
    const reading = (readers[index] as ValueReader)(text)
    if (!reading || 'reason' in reading) return undefined
    const outside =
      (start !== undefined && before(reading.value, start)) || (end !== undefined && !before(reading.value, end))
    return outside ? { outcome: 'filtered' } : undefined
  }
}

/** As polars and the warehouse compare texts: by their UTF-8 bytes. Canonical instants are compared right too: a shorter one is earlier. */
const byBytes = (a: string, b: string): boolean => Buffer.compare(Buffer.from(a), Buffer.from(b)) < 0

/** The text that names a row's partition: the day of an instant, else the value. */
const partitionRule = (columns: readonly TargetColumn[], partitions: NonNullable<JobRequest['partitions']>) => {
  const index = columnIndex(columns, partitions.column, 'partitions')
  const { name, type } = (columns[index] as TargetColumn).field
  if (!PARTITION_TYPES.has(type))
    throw new InvalidConfigError(
      `partitions: ${name} is ${type}; DATE, TIMESTAMP, DATETIME, INT64 or STRING was expected`,
    )
  const values = new Set(partitions.values)
  return (cells: readonly (string | null)[]): Verdict | undefined => {
    const cell = cells[index] ?? null
    const value = cell !== null && (type === 'TIMESTAMP' || type === 'DATETIME') ? cell.slice(0, 10) : cell
    if (value !== null && values.has(value)) return undefined
    return reject(
      name,
      cell,
      `${value === null ? 'NULL' : shown(value)} is not in the partitions that this step replaces`,
    )
  }
}

const PARTITION_TYPES = ORDERED

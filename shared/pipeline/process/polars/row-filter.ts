import pl, { type Expr } from 'nodejs-polars'
import type { JobRequest } from '../job.ts'
import { columnIndex, windowBounds } from '../row-rules.ts'
import { castCanonical } from './typed-column.ts'

/** Whether a row lies in the window and in the partitions, by its typed columns; never NULL. Undefined: no such rule. */
export const rowFilters = (request: Pick<JobRequest, 'columns' | 'window' | 'partitions'>): Expr[] => {
  const filters: Expr[] = []
  if (request.window) filters.push(inWindow(request.columns, request.window))
  if (request.partitions) filters.push(inPartitions(request.columns, request.partitions))
  return filters
}

const inWindow = (columns: JobRequest['columns'], window: NonNullable<JobRequest['window']>): Expr => {
  const { column, start, end } = windowBounds(columns, window)
  const value = pl.col(column.field.name)
  const bound = (text: string): Expr => castCanonical(column.field, pl.lit(text))
  let inside: Expr = value.isNotNull()
  if (start !== undefined) inside = inside.and(value.gtEq(bound(start)))
  if (end !== undefined) inside = inside.and(value.lt(bound(end)))
  inside = inside.fillNull(pl.lit(false))
  return window.onNull === 'include' ? inside.or(value.isNull()) : inside
}

const inPartitions = (columns: JobRequest['columns'], partitions: NonNullable<JobRequest['partitions']>): Expr => {
  const { field } = columns[columnIndex(columns, partitions.column, 'partitions')] as JobRequest['columns'][number]
  const value = pl.col(field.name)
  const day = field.type === 'TIMESTAMP' || field.type === 'DATETIME' ? value.cast(pl.Date) : value
  return day
    .cast(pl.String)
    .isIn([...partitions.values])
    .fillNull(pl.lit(false))
}

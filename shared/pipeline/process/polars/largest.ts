import pl from 'nodejs-polars'
import type { TargetColumn } from '@convergence/core/ports/processor.ts'
import type { DoneFile, JobRequest } from '../job.ts'
import { columnIndex } from '../row-rules.ts'
import { cellText } from './cell-text.ts'
import { valueReader } from '../values/read-value.ts'

/** Largest accepted value of the request's `maxOf`, as ISO or decimal text. */
export const largest = async (parts: readonly DoneFile[], request: JobRequest): Promise<{ max?: string }> => {
  if (request.maxOf === undefined) return {}
  const { field } = request.columns[columnIndex(request.columns, request.maxOf, 'maxOf')] as TargetColumn
  if (parts.length === 0) return {}
  const column = pl.concat(
    parts.map((part) => pl.scanParquet(part.path, { glob: false }).select(pl.col(field.name).max())),
  )
  const text = (await column.select(cellText(pl.col(field.name).max(), field.type === 'TIME').alias('max')).collect())
    .getColumn('max')
    .get(0) as string | null
  if (text === null) return {}
  const reading = valueReader({ field, source: field.name })(
    field.type === 'TIMESTAMP' ? text.replace('+00:00', 'Z') : text,
  )
  if (!reading || 'reason' in reading) return { max: text }
  return { max: field.type === 'TIMESTAMP' ? `${reading.value}Z` : reading.value }
}

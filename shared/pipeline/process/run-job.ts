import pl from 'nodejs-polars'
import type { Sample } from '@convergence/core/ports/processor.ts'
import type { Job, ProcessDone, SpooledRejects } from './job.ts'
import { parquetSample, parquetTextTable } from './polars/parquet-table.ts'
import { processTable } from './polars/process-table.ts'
import { spooledTextTable } from './polars/text-table.ts'

const NO_REJECTS: SpooledRejects = { path: '', rows: 0, samples: [] }

/** What the child does: one job. */
export const runJob = async (job: Job): Promise<ProcessDone | Sample> => {
  if (job.type === 'sample') return parquetSample(job.parquet, job.origin, job.limit)
  const { spooled, request, directory } = job
  const missing = pl.lit(null).cast(pl.String)
  if ('parquet' in spooled) {
    const table = await parquetTextTable(spooled.parquet, request.origin, request.firstRow, request.columns, missing)
    return processTable(table, NO_REJECTS, request, directory)
  }
  return processTable(spooledTextTable(spooled, request.columns, missing), spooled.rejects, request, directory)
}

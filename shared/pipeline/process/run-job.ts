import pl from 'nodejs-polars'
import type { Sample } from '@convergence/core/ports/processor.ts'
import type { Job, ProcessDone, SpooledRejects } from './job.ts'
import { parquetSample, parquetTextTable, readingParquet } from './polars/parquet-table.ts'
import { processTable } from './polars/process-table.ts'
import { spooledTextTable } from './polars/text-table.ts'

const NO_REJECTS: SpooledRejects = { path: '', rows: 0, samples: [] }

/** What the child does: one job. */
export const runJob = async (job: Job): Promise<ProcessDone | Sample> => {
  if (job.type === 'sample') return readingParquet(job.origin, () => parquetSample(job.parquet, job.origin, job.limit))
  const { spooled, request, directory } = job
  const missing = pl.lit(null).cast(pl.String)
  if ('parquet' in spooled) {
    const { origin, firstRow, columns } = request
    return readingParquet(origin, async () =>
      processTable(
        await parquetTextTable(spooled.parquet, origin, firstRow, columns, missing),
        NO_REJECTS,
        request,
        directory,
      ),
    )
  }
  return processTable(spooledTextTable(spooled, request.columns, missing), spooled.rejects, request, directory)
}

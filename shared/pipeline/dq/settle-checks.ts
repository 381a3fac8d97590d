import type { DqStep } from '@convergence/core/config/pipeline.ts'
import type { Problem, StepRows } from '@convergence/core/messages.ts'
import type { Published } from '@convergence/core/run/advance.ts'
import type { DoneJob } from '../load/fence.ts'
import { releaseLedger } from '../load/fence.ts'
import type { StepContext } from '../stage.ts'
import { checkedTable } from './checked-table.ts'

/** Rows that were moved to quarantine: told as a warning that counts them. */
export const publishedChecks = async (
  context: StepContext<DqStep>,
  done: { readonly jobId: string; readonly status: DoneJob },
  warnings: readonly Problem[] = [],
  rows: StepRows = { fetched: 0, accepted: 0, rejected: 0, filtered: 0, loaded: 0 },
): Promise<Published> => {
  await releaseLedger(context, checkedTable(context), done.jobId)
  const moved = done.status.counts?.deleted ?? 0
  const message = `${moved} ${moved === 1 ? 'row failed its checks and was' : 'rows failed their checks and were'} moved to ${context.run.tenant}_quarantine.rejected_rows (run ${context.run.runId})`
  return {
    rows: { ...rows, accepted: Math.max(0, rows.fetched - moved), rejected: moved },
    tables: [],
    warnings: [...warnings, { code: 'ROWS_QUARANTINED', message }],
    superseded: false,
  }
}

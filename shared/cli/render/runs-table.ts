import type { RunView } from '@convergence/control/runs/view-run.ts'
import { renderTable, type TableOptions } from './table.ts'
import { formatCount, formatDuration } from './units.ts'

const COLUMNS = [
  { title: 'run' },
  { title: 'status' },
  { title: 'cause' },
  { title: 'requested' },
  { title: 'duration', align: 'right' },
  { title: 'rows loaded', align: 'right' },
  { title: 'reason' },
] as const

const MAX_REASON = 60

/** Runs, newest first. */
export const renderRuns = (runs: readonly RunView[], options: TableOptions): string =>
  renderTable(
    COLUMNS,
    runs.map((run) => [
      run.run_id,
      run.status,
      run.cause,
      run.requested_at.slice(0, 19).replace('T', ' '),
      run.duration_ms === null ? '' : formatDuration(run.duration_ms),
      formatCount(run.steps.reduce((sum, step) => sum + step.rows.loaded, 0)),
      shorten(run.error?.message ?? run.steps.find(({ error }) => error)?.error?.message ?? ''),
    ]),
    options,
  )

const shorten = (text: string): string => (text.length > MAX_REASON ? `${text.slice(0, MAX_REASON - 1)}…` : text)

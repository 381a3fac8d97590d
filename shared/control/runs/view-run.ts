import { receiptRows, type Receipt } from '@convergence/core/receipt.ts'
import type { Run, StepState } from '@convergence/core/run/run.ts'

/** A run as users see it: HTTP and `--json`. Times are ISO instants, durations milliseconds. */
export const viewRun = (run: Run, receipts: readonly Receipt[] = []) => ({
  run_id: run.runId,
  pipeline_id: run.pipelineId,
  status: run.status,
  cause: run.cause.type,
  /** The run that this one replays; and the one whose quarantined rows it loads. */
  replay_of: run.cause.type === 'replay' ? run.cause.runId : null,
  quarantine_of: quarantineOf(run),
  parameters: run.parameters,
  logical_time: run.logicalTime,
  requested_at: run.requestedAt,
  started_at: run.startedAt ?? null,
  ended_at: run.endedAt ?? null,
  duration_ms: between(run.startedAt, run.endedAt),
  steps: run.steps.map((step) => viewStep(step)),
  receipts: receipts.map(viewReceipt),
  warnings: run.warnings,
  error: run.error ?? null,
  trace_id: run.trace,
})

/** The run whose rejected rows a replay loads: they stay its own in quarantine. */
export const quarantineOf = ({ cause }: Run): string | null =>
  cause.type === 'replay' ? (cause.quarantineOf ?? null) : null

export type RunView = ReturnType<typeof viewRun>

const NO_ROWS = { fetched: 0, accepted: 0, rejected: 0, filtered: 0, loaded: 0 }

const viewStep = (step: StepState) => ({
  step_id: step.stepId,
  type: step.type,
  status: step.status,
  started_at: step.startedAt ?? null,
  ended_at: step.endedAt ?? null,
  duration_ms: between(step.startedAt, step.endedAt),
  rows: step.rows ?? NO_ROWS,
  tables: step.tables,
  warnings: step.warnings,
  error: step.error ?? null,
})

const viewReceipt = (account: Receipt) => ({
  step_id: account.stepId,
  table: account.table,
  strategy: account.strategy,
  job_id: account.jobId,
  rows: receiptRows(account),
  balanced: account.balanced,
})

const between = (from: string | undefined, to: string | undefined): number | null =>
  from === undefined || to === undefined ? null : Date.parse(to) - Date.parse(from)

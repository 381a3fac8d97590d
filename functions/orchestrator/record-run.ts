import type { Run, StepState } from '@convergence/core/run/run.ts'
import type { Stage } from '@convergence/pipeline/stage.ts'

/** Projects a run's document into the metadata tables. State is the truth; (run, revision) is the insert id, so that repeating is harmless. */
export const recordRun = async (stage: Stage, run: Run): Promise<void> => {
  await stage.ports.warehouse.record('pipeline_runs', [{ insertId: `${run.runId}/${run.revision}`, row: runRow(run) }])
  await stage.ports.warehouse.record(
    'step_runs',
    run.steps.map((step) => ({ insertId: `${run.runId}/${step.stepId}/${run.revision}`, row: stepRow(run, step) })),
  )
}

const runRow = (run: Run) => ({
  tenant: run.tenant,
  pipeline: run.pipelineId,
  run_id: run.runId,
  revision: run.revision,
  status: run.status,
  cause: run.cause.type,
  parameters: JSON.stringify(run.parameters),
  logical_time: run.logicalTime,
  config_hash: run.configHash,
  requested_at: run.requestedAt,
  started_at: run.startedAt ?? null,
  ended_at: run.endedAt ?? null,
  error_code: run.error?.code ?? null,
  error_message: run.error?.message ?? null,
  warnings: run.warnings.length,
  trace: run.trace,
})

const stepRow = (run: Run, step: StepState) => ({
  tenant: run.tenant,
  pipeline: run.pipelineId,
  run_id: run.runId,
  step_id: step.stepId,
  revision: run.revision,
  type: step.type,
  status: step.status,
  started_at: step.startedAt ?? null,
  ended_at: step.endedAt ?? null,
  fetched: step.rows?.fetched ?? null,
  accepted: step.rows?.accepted ?? null,
  rejected: step.rows?.rejected ?? null,
  filtered: step.rows?.filtered ?? null,
  loaded: step.rows?.loaded ?? null,
  tables: JSON.stringify(step.tables),
  error_code: step.error?.code ?? null,
  error_message: step.error?.message ?? null,
})

import type { StepContext } from '../stage.ts'
import { nowIso } from '../stage.ts'
import type { ExpectationResult } from './results.ts'

/** Projects results into `metadata.dq_results`, a row an expectation. Repeating is harmless: the insert id is the expectation's place. */
export const recordResults = (
  context: StepContext,
  checked: { readonly rulesId: string; readonly table: string; readonly results: readonly ExpectationResult[] },
): Promise<void> =>
  context.ports.warehouse.record(
    'dq_results',
    checked.results.map((result, index) => ({
      insertId: `${context.run.runId}/${context.at.stepId}/${checked.rulesId}/${index}`,
      row: {
        tenant: context.run.tenant,
        pipeline: context.run.pipelineId,
        run_id: context.run.runId,
        step_id: context.at.stepId,
        rules_id: checked.rulesId,
        table_name: checked.table,
        expectation_type: result.expectationType,
        kwargs: JSON.stringify(result.kwargs),
        severity: result.severity,
        success: result.success,
        status: result.status,
        observed_value: result.observedValue === null ? null : asText(result.observedValue),
        element_count: result.elementCount,
        unexpected_count: result.unexpectedCount,
        unexpected_percent: result.unexpectedPercent,
        missing_count: result.missingCount,
        samples: JSON.stringify(result.samples),
        message: result.message,
        evaluated_at: nowIso(context),
      },
    })),
  )

const asText = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))

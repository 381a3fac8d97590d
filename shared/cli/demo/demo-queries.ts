import { DEMO_DATE } from './usage-data.ts'

/** What the demo asks at its end, as a person would with `convergence query`. */
export const COST_SQL = `
SELECT project_id, model, input_tokens, input_cached_tokens, output_tokens, cost_usd
FROM silver_cost.daily_cost
WHERE usage_date = DATE '${DEMO_DATE}'
ORDER BY project_id, model`

export const TOTAL_SQL = `SELECT SUM(cost_usd) AS total FROM silver_cost.daily_cost WHERE usage_date = DATE '${DEMO_DATE}'`

export const BILL_SQL = `
WITH bill AS (
  SELECT project_id, model, SUM(amount_usd) AS billed_usd
  FROM raw_bill.lines
  WHERE usage_date = DATE '${DEMO_DATE}'
  GROUP BY project_id, model
)
SELECT cost.project_id, cost.model, cost.cost_usd, bill.billed_usd, cost.cost_usd - bill.billed_usd AS difference
FROM silver_cost.daily_cost AS cost
JOIN bill ON bill.project_id = cost.project_id AND bill.model = cost.model
WHERE cost.usage_date = DATE '${DEMO_DATE}'
ORDER BY cost.project_id, cost.model`

/** Rows that these runs put aside. */
export const asideSql = (runIds: readonly string[]): string => `
SELECT step, origin, position, reason, raw
FROM quarantine.rejected_rows
WHERE _run_id IN (${runIds.map((runId) => `'${runId}'`).join(', ')})
ORDER BY step, position`

-- A row an expectation, however often it was recorded.
SELECT tenant, pipeline, run_id, step_id, rules_id, table_name, expectation_type, kwargs, severity, success, status,
  observed_value, element_count, unexpected_count, unexpected_percent, missing_count, samples, message, query,
  evaluated_at
FROM {{table}}
WHERE {{rows}}
QUALIFY ROW_NUMBER() OVER (PARTITION BY insert_id ORDER BY evaluated_at DESC NULLS LAST) = 1

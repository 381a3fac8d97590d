-- A row a receipt, however often it was recorded.
SELECT tenant, pipeline, run_id, step_id, table_name, strategy, job_id, fetched, accepted, rejected, filtered,
  staged, inserted, updated, deleted, superseded, parts, bytes, cursor_from, cursor_to, balanced, created_at
FROM {{table}}
WHERE {{rows}}
QUALIFY ROW_NUMBER() OVER (PARTITION BY insert_id ORDER BY created_at DESC NULLS LAST) = 1

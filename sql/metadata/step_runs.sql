-- The steps as they are now: each change of a run was recorded.
SELECT tenant, pipeline, run_id, step_id, revision, type, status, started_at, ended_at, fetched, accepted, rejected,
  filtered, loaded, tables, error_code, error_message
FROM {{table}}
WHERE {{rows}}
QUALIFY ROW_NUMBER() OVER (PARTITION BY run_id, step_id ORDER BY revision DESC NULLS LAST) = 1

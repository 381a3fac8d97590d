-- The runs as they are now: each change of a run was recorded.
SELECT tenant, pipeline, run_id, revision, status, cause, parameters, logical_time, config_hash, requested_at,
  started_at, ended_at, error_code, error_message, warnings, trace
FROM {{table}}
WHERE {{rows}}
QUALIFY ROW_NUMBER() OVER (PARTITION BY run_id ORDER BY revision DESC NULLS LAST) = 1

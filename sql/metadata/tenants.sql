-- The tenants as they are now.
SELECT tenant, status, created_at
FROM {{table}}
WHERE {{rows}}
QUALIFY ROW_NUMBER() OVER (PARTITION BY tenant ORDER BY created_at DESC NULLS LAST, insert_id DESC NULLS LAST) = 1

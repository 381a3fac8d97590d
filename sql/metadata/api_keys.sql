-- The keys as they are now, without their hashes. A revoked key was recorded twice.
SELECT tenant, key_id, prefix, scopes, created_at, expires_at, revoked_at
FROM {{table}}
WHERE {{rows}}
QUALIFY ROW_NUMBER() OVER (PARTITION BY key_id ORDER BY revoked_at DESC NULLS LAST, created_at DESC NULLS LAST) = 1

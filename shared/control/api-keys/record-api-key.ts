import type { ApiKeyDocument } from '@convergence/core/api-key.ts'
import type { ControlContext } from '../context.ts'

/** Projects a key's state, never its digest's input. */
export const recordApiKey = ({ ports }: ControlContext, key: ApiKeyDocument): Promise<void> =>
  ports.warehouse.record('api_keys', [
    {
      insertId: `${key.keyId}/${key.revokedAt ?? 'created'}`,
      row: {
        tenant: key.tenant,
        key_id: key.keyId,
        prefix: `cvg_${key.keyId}`,
        digest: key.digest,
        scopes: JSON.stringify(key.scopes),
        created_at: key.createdAt,
        expires_at: key.expiresAt ?? null,
        revoked_at: key.revokedAt ?? null,
      },
    },
  ])

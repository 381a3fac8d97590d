import { digestSecret, formatApiKey, type ApiKeyDocument, type ApiKeyScope } from '@convergence/core/api-key.ts'
import { InternalError } from '@convergence/core/errors.ts'
import { apiKeyKey } from '@convergence/core/names.ts'
import { nowIso, type ControlContext } from '../context.ts'
import { getTenant } from '../tenants/get-tenant.ts'
import { recordApiKey } from './record-api-key.ts'

export interface NewApiKey {
  readonly tenant: string
  readonly scopes: readonly ApiKeyScope[]
  /** ISO instant; undefined: it does not expire. */
  readonly expiresAt?: string | undefined
}

/** Creates a key of a tenant. The key is in the answer, and nowhere else, ever. */
export const createApiKey = async (
  context: ControlContext,
  input: NewApiKey,
  pepper: string,
): Promise<{ key: string; document: ApiKeyDocument }> => {
  await getTenant(context, input.tenant)
  const keyId = context.ports.random.hex(6)
  const secret = context.ports.random.hex(24)
  const document: ApiKeyDocument = {
    version: 1,
    keyId,
    tenant: input.tenant,
    digest: digestSecret(secret, pepper),
    scopes: [...input.scopes],
    createdAt: nowIso(context),
    ...(input.expiresAt !== undefined && { expiresAt: input.expiresAt }),
  }
  const put = await context.ports.state.compareAndSet(apiKeyKey(keyId), null, document)
  if (put.outcome === 'conflict') throw new InternalError('the new key has an id that is taken: try again')
  await recordApiKey(context, document)
  return { key: formatApiKey(keyId, secret), document }
}

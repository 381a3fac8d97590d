import { apiKeyDocument, type ApiKeyDocument } from '@convergence/core/api-key.ts'
import { NotFoundError } from '@convergence/core/errors.ts'
import { apiKeyKey } from '@convergence/core/names.ts'
import { nowIso, type ControlContext } from '../context.ts'
import { recordApiKey } from './record-api-key.ts'

/** Revokes a key: it opens nothing from now on. Repeating it changes nothing. Throws NotFoundError. */
export const revokeApiKey = async (context: ControlContext, keyId: string): Promise<ApiKeyDocument> => {
  for (;;) {
    const entry = await context.ports.state.get(apiKeyKey(keyId))
    if (!entry) throw new NotFoundError(`there is no API key ${keyId}`)
    const key = apiKeyDocument.parse(entry.value)
    if (key.revokedAt !== undefined) return key
    const revoked = { ...key, revokedAt: nowIso(context) }
    const put = await context.ports.state.compareAndSet(apiKeyKey(keyId), entry.version, revoked)
    if (put.outcome === 'conflict') continue
    await recordApiKey(context, revoked)
    return revoked
  }
}

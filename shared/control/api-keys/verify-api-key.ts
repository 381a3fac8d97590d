import {
  apiKeyDocument,
  digestSecret,
  parseApiKey,
  sameDigest,
  type ApiKeyDocument,
  type ApiKeyScope,
} from '@convergence/core/api-key.ts'
import { ForbiddenError, UnauthenticatedError } from '@convergence/core/errors.ts'
import { apiKeyKey } from '@convergence/core/names.ts'
import type { ControlContext } from '../context.ts'

/**
 * The key's document: its tenant is whom the caller speaks for. Throws UnauthenticatedError, the same for an unknown, wrong, expired or
 * revoked key, and ForbiddenError when the key lacks the scope.
 */
export const verifyApiKey = async (
  context: ControlContext,
  given: { key: string | undefined; scope: ApiKeyScope },
  pepper: string,
): Promise<ApiKeyDocument> => {
  if (given.key === undefined || given.key === '')
    throw new UnauthenticatedError('no API key: send it in the header X-API-Key')
  const parsed = parseApiKey(given.key)
  const entry = parsed && (await context.ports.state.get(apiKeyKey(parsed.keyId)))
  const document = entry && apiKeyDocument.parse(entry.value)
  // Hashed and compared even when there is no such key: the answer takes as long.
  const digest = digestSecret(parsed?.secret ?? '', pepper)
  const matches = sameDigest(digest, document?.digest ?? digestSecret('nobody', pepper))
  if (!document || !matches || !isLive(context, document)) throw new UnauthenticatedError('the API key is not valid')
  if (!document.scopes.includes(given.scope)) throw new ForbiddenError(`the API key lacks the scope ${given.scope}`)
  return document
}

const isLive = ({ ports }: ControlContext, key: ApiKeyDocument): boolean =>
  key.revokedAt === undefined && (key.expiresAt === undefined || Date.parse(key.expiresAt) > ports.clock.nowMs())

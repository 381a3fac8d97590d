import { createHmac, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import { hash } from './hash.ts'

/** `cvg_{id}_{secret}{check}`: the id finds the document, the check digits refuse a mistyped key without a look-up. */
export const apiKeyDocument = z.strictObject({
  version: z.literal(1),
  keyId: z.string(),
  tenant: z.string(),
  /** HMAC-SHA256 of the secret under the platform's pepper; the key itself is shown once and kept nowhere. */
  digest: z.string(),
  scopes: z.array(z.enum(['runs:read', 'runs:write'])),
  createdAt: z.string(),
  expiresAt: z.string().optional(),
  revokedAt: z.string().optional(),
})
export type ApiKeyDocument = z.infer<typeof apiKeyDocument>
export type ApiKeyScope = ApiKeyDocument['scopes'][number]

const FORM = /^cvg_([0-9a-f]{12})_([0-9a-f]{48})([0-9a-f]{6})$/
const PREFIX = 'cvg'

export const formatApiKey = (keyId: string, secret: string): string =>
  `${PREFIX}_${keyId}_${secret}${checkOf(keyId, secret)}`

/** Undefined: no key of ours, or mistyped. */
export const parseApiKey = (text: string): { keyId: string; secret: string } | undefined => {
  const [, keyId, secret, check] = FORM.exec(text) ?? []
  if (keyId === undefined || secret === undefined || check !== checkOf(keyId, secret)) return undefined
  return { keyId, secret }
}

const checkOf = (keyId: string, secret: string): string => hash(`${keyId}:${secret}`, 6)

export const digestSecret = (secret: string, pepper: string): string =>
  createHmac('sha256', pepper).update(secret).digest('hex')

/** In constant time; both are hexadecimal digests. */
export const sameDigest = (a: string, b: string): boolean =>
  a.length === b.length && timingSafeEqual(Buffer.from(a, 'utf8'), Buffer.from(b, 'utf8'))

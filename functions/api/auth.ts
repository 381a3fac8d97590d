import { digestSecret, sameDigest, type ApiKeyScope } from '@convergence/core/api-key.ts'
import { ForbiddenError, UnauthenticatedError } from '@convergence/core/errors.ts'
import { verifyApiKey } from '@convergence/control/api-keys/verify-api-key.ts'
import { createMiddleware } from 'hono/factory'
import type { ApiDeps, ApiEnv } from './environment.ts'
import type { RateLimiter } from './rate-limit.ts'

/** The tenant is the key's, and nothing in the request can say otherwise. */
export const requireKey = ({ ports, settings }: ApiDeps, limiter: RateLimiter, scope: ApiKeyScope) =>
  createMiddleware<ApiEnv>(async (c, next) => {
    const key = await verifyApiKey(
      { ports, trace: c.var.trace },
      { key: c.req.header('x-api-key'), scope },
      settings.pepper,
    )
    limiter.take(key.keyId)
    c.set('tenant', key.tenant)
    c.set('keyId', key.keyId)
    await next()
  })

/** The operator's key, of the environment. */
export const requireAdmin = ({ settings }: ApiDeps) =>
  createMiddleware<ApiEnv>(async (c, next) => {
    const given = c.req.header('x-admin-key')
    if (settings.adminDigest === undefined)
      throw new ForbiddenError('the admin routes are closed: set CONVERGENCE_ADMIN_KEY to open them')
    if (given === undefined) throw new UnauthenticatedError('no admin key: send it in the header X-Admin-Key')
    if (!sameDigest(digestSecret(given, settings.pepper), settings.adminDigest))
      throw new UnauthenticatedError('the admin key is not valid')
    await next()
  })

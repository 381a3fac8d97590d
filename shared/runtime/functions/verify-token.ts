import { verify } from 'node:crypto'
import { ForbiddenError, InvalidConfigError, UnauthenticatedError } from '@convergence/core/errors.ts'
import type { Clock } from '@convergence/core/ports/clock.ts'
import { KeySets } from './key-sets.ts'

export interface TokenRules {
  /** Whose tokens count; their keys are found by OpenID Connect discovery. */
  readonly tokenIssuers: readonly string[]
  readonly audiences: readonly string[]
  /** E-mail addresses of the service accounts that may call. */
  readonly callers: readonly string[]
}

/** Clocks of two machines differ by so much at most. */
const SKEW_SECONDS = 60
/** A token of Google's has about 1,200 characters. */
const MAX_CHARACTERS = 8_192

interface Claims {
  readonly iss: string
  readonly aud: string
  readonly exp: number
  readonly iat: number
  readonly email: string
}

export type VerifyToken = (authorization: string | undefined) => Promise<void>

/**
 * Checks the OIDC token that Pub/Sub, Cloud Tasks and Cloud Scheduler send: signature, issuer, times, audience, e-mail. The answer throws
 * UnauthenticatedError, ForbiddenError for an account that may not call, UnavailableError when the issuer's keys cannot be read.
 */
export const tokenVerifier = (rules: TokenRules, clock: Clock): VerifyToken => {
  if (rules.audiences.length === 0 || rules.callers.length === 0)
    throw new InvalidConfigError(
      'set CONVERGENCE_AUDIENCES and CONVERGENCE_CALLERS: without them nobody could be let in',
    )
  const keySets = new KeySets(clock)
  return async (authorization) => {
    const token = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1]
    if (token === undefined) throw new UnauthenticatedError('no token: send an OIDC token in the header Authorization')
    const [head = '', body = '', signature = '', ...rest] = token.split('.')
    if (token.length > MAX_CHARACTERS || rest.length > 0) throw invalid('it is no JSON Web Token')
    const keyId = readHeader(head)
    const said = readClaims(body)
    // The issuer is asked for its keys only if it is one of ours.
    if (!rules.tokenIssuers.includes(said.iss)) throw invalid(`its issuer ${said.iss} is not accepted`)
    const key = await keySets.find(said.iss, keyId)
    if (key === undefined) throw invalid('its key is not one of its issuer')
    if (!verify('RSA-SHA256', Buffer.from(`${head}.${body}`), key, Buffer.from(signature, 'base64url')))
      throw invalid('its signature is wrong')
    requireClaims(said, rules, clock.nowMs() / 1000)
  }
}

const requireClaims = (said: Claims, rules: TokenRules, nowSeconds: number): void => {
  if (said.exp + SKEW_SECONDS < nowSeconds) throw invalid('it has expired')
  if (said.iat - SKEW_SECONDS > nowSeconds) throw invalid('it is from the future')
  if (!rules.audiences.includes(said.aud)) throw invalid(`its audience ${said.aud} is not accepted`)
  if (!rules.callers.includes(said.email)) throw new ForbiddenError(`${said.email} may not call this function`)
}

const readHeader = (part: string): string => {
  const { alg, kid } = decode(part)
  // Named by us, never by the token: or an issuer's public key could be used as the secret of an HMAC.
  if (alg !== 'RS256' || typeof kid !== 'string') throw invalid('it is not signed by RS256 with a named key')
  return kid
}

const readClaims = (part: string): Claims => {
  const { iss, aud, exp, iat, email, email_verified: isVerified } = decode(part)
  const texts = [iss, aud, email].every((value) => typeof value === 'string')
  const times = [exp, iat].every((value) => typeof value === 'number')
  if (!texts || !times || isVerified !== true) throw invalid('it lacks iss, aud, exp, iat, or a verified email')
  return { iss, aud, exp, iat, email } as Claims
}

const decode = (part: string): Record<string, unknown> => {
  try {
    return { ...(JSON.parse(Buffer.from(part, 'base64url').toString('utf8')) as object) }
  } catch {
    throw invalid('it cannot be read')
  }
}

const invalid = (why: string): UnauthenticatedError => new UnauthenticatedError(`the token is not valid: ${why}`)

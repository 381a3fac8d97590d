import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import { UnavailableError } from '@convergence/core/errors.ts'
import type { Clock } from '@convergence/core/ports/clock.ts'

interface KeySet {
  readonly keys: ReadonlyMap<string, KeyObject>
  readonly atMs: number
}

/** Google rotates its keys about once a day, and publishes them long before it signs with them. */
const KEEP_MS = 60 * 60_000
/** So that tokens with invented key ids do not make us ask the issuer each time. */
const LEAST_AGE_MS = 60_000
const TIMEOUT_MS = 5_000

/** The public keys of token issuers, found by OpenID Connect discovery and kept for an hour. */
export class KeySets {
  readonly #clock: Clock
  readonly #sets = new Map<string, KeySet>()
  readonly #asking = new Map<string, Promise<KeySet>>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Undefined: the issuer has no such key. Throws UnavailableError when it cannot be asked. */
  async find(issuer: string, keyId: string): Promise<KeyObject | undefined> {
    const known = this.#sets.get(issuer)
    const ageMs = known === undefined ? Number.POSITIVE_INFINITY : this.#clock.nowMs() - known.atMs
    const key = known?.keys.get(keyId)
    if (key !== undefined && ageMs < KEEP_MS) return key
    if (ageMs < LEAST_AGE_MS) return undefined
    return (await this.#ask(issuer)).keys.get(keyId)
  }

  #ask(issuer: string): Promise<KeySet> {
    const asking = this.#asking.get(issuer) ?? this.#fetch(issuer).finally(() => this.#asking.delete(issuer))
    this.#asking.set(issuer, asking)
    return asking
  }

  async #fetch(issuer: string): Promise<KeySet> {
    const { jwks_uri: address } = (await getJson(`${issuer}/.well-known/openid-configuration`)) as { jwks_uri?: string }
    if (typeof address !== 'string')
      throw new UnavailableError(`the token issuer ${issuer} does not say where its keys are`)
    const { keys = [] } = (await getJson(address)) as { keys?: (JsonWebKey & { kid?: string })[] }
    const usable = keys.filter(({ kty, kid }) => kty === 'RSA' && kid !== undefined)
    const set = {
      keys: new Map(usable.map((key) => [key.kid as string, createPublicKey({ key, format: 'jwk' })])),
      atMs: this.#clock.nowMs(),
    }
    this.#sets.set(issuer, set)
    return set
  }
}

const getJson = async (url: string): Promise<unknown> => {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS), redirect: 'error' })
    if (!answer.ok) throw new Error(`it answers ${answer.status}`)
    return await answer.json()
  } catch (error) {
    throw new UnavailableError(`the token keys at ${url} cannot be read: ${(error as Error).message}`, { cause: error })
  }
}

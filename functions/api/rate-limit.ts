import { LimitExceededError } from '@convergence/core/errors.ts'
import type { Clock } from '@convergence/core/ports/clock.ts'

/** Callers that are remembered; beyond it those that have been quiet are forgotten. */
const MOST_CALLERS = 10_000

export interface RateLimiter {
  /** Throws LimitExceededError with when to come back. */
  take(caller: string): void
}

/** A bucket of tokens a caller, in this process: bursts of a quarter of a minute's requests, then one after another. */
export const rateLimiter = (perMinute: number, clock: Clock): RateLimiter => {
  const buckets = new Map<string, { tokens: number; atMs: number }>()
  const burst = Math.max(1, perMinute / 4)
  const perMs = perMinute / 60_000
  return {
    take: (caller) => {
      const now = clock.nowMs()
      const bucket = buckets.get(caller) ?? { tokens: burst, atMs: now }
      const tokens = Math.min(burst, bucket.tokens + (now - bucket.atMs) * perMs)
      buckets.delete(caller)
      buckets.set(caller, { tokens: tokens < 1 ? tokens : tokens - 1, atMs: now })
      forgetQuiet(buckets)
      if (tokens >= 1) return
      const waitMs = Math.ceil((1 - tokens) / perMs)
      throw new LimitExceededError(
        `more than ${perMinute} requests a minute: come back in ${Math.ceil(waitMs / 1000)} s`,
        { retryAfterMs: waitMs },
      )
    },
  }
}

/** The longest quiet stand first in a Map that is re-inserted at each use. */
const forgetQuiet = (buckets: Map<string, unknown>): void => {
  if (buckets.size <= MOST_CALLERS) return
  const [oldest] = buckets.keys()
  if (oldest !== undefined) buckets.delete(oldest)
}

import { setTimeout as wait } from 'node:timers/promises'
import { PlatformError } from '@convergence/core/errors.ts'
import type { Random } from '@convergence/core/ports/random.ts'

export interface Attempts {
  readonly random: Random
  /** Default: timers. */
  readonly pause?: ((ms: number) => Promise<unknown>) | undefined
}

const MOST = 6
const FIRST_PAUSE_MS = 200
/** Who is told to come back later than this is told so, instead of being held. */
const LONGEST_PAUSE_MS = 10_000

/**
 * Tries again what failed retryably, with exponential backoff and full jitter (https://cloud.google.com/storage/docs/retry-strategy),
 * not before what the error asks for. For work that is safe to repeat only.
 */
export const withAttempts = async <T>({ random, pause = wait }: Attempts, work: () => Promise<T>): Promise<T> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work()
    } catch (error) {
      const wanted = pauseOf(error, attempt, random)
      if (wanted === undefined) throw error
      await pause(wanted)
    }
  }
}

/** Milliseconds until the attempt after this one; undefined: there is none. */
export const pauseOf = (error: unknown, attempt: number, random: Random): number | undefined => {
  if (!(error instanceof PlatformError) || error.code !== 'UNAVAILABLE' || !error.retryable) return undefined
  const asked = error.retryAfterMs ?? 0
  if (attempt >= MOST || asked > LONGEST_PAUSE_MS) return undefined
  const share = Number.parseInt(random.hex(2), 16) / 0xffff
  return Math.ceil(asked + FIRST_PAUSE_MS * 2 ** (attempt - 1) * share)
}

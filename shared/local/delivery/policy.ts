import type { Random } from '@convergence/core/ports/random.ts'

/** How a topic's messages or a queue's tasks are delivered. */
export interface DeliveryPolicy {
  /** Handlers at the same time. */
  readonly concurrency: number
  /** Deliveries begun a second, with as many at once; absent: no limit. */
  readonly ratePerSecond?: number | undefined
  /** Failures after which a delivery becomes a dead letter. */
  readonly maxAttempts: number
  readonly minBackoffMs: number
  readonly maxBackoffMs: number
}

export const DEFAULT_TOPIC_POLICY: DeliveryPolicy = {
  concurrency: 16,
  maxAttempts: 10,
  minBackoffMs: 200,
  maxBackoffMs: 30_000,
}

const fraction = (random: Random): number => Number.parseInt(random.hex(4), 16) / 2 ** 32

/** Doubles from `minBackoffMs` to `maxBackoffMs`, less up to half of it, so that what failed together does not come back together. */
export const backoffMs = (policy: DeliveryPolicy, failures: number, random: Random): number => {
  const full = Math.min(policy.maxBackoffMs, policy.minBackoffMs * 2 ** (failures - 1))
  return Math.round(full * (1 - fraction(random) / 2))
}

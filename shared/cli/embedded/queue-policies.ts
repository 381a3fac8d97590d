import type { Queue } from '@convergence/core/messages.ts'
import type { LocalHost } from '@convergence/local/host.ts'

type Policies = ConstructorParameters<typeof LocalHost>[0]['queues']

/** More than any step's `retry.max_attempts`: the step decides, the queue only ends what never would. */
const MAX_ATTEMPTS = 25

/** A step's lanes bound its chunks already; polls are short. */
export const queuePolicies = (lanes: number): Policies & Record<Queue, unknown> => {
  const policy = (concurrency: number) => ({
    concurrency,
    maxAttempts: MAX_ATTEMPTS,
    minBackoffMs: 200,
    maxBackoffMs: 30_000,
  })
  return {
    chunks: policy(lanes),
    'ingest-jobs': policy(8),
    'dq-jobs': policy(8),
    'transform-jobs': policy(8),
    runs: policy(8),
  }
}

import { hashOf } from '../hash.ts'
import type { Random } from '../ports/random.ts'
import type { RunCause } from './run.ts'

/**
 * A run's id is derived from its cause where it has one, so that a cause that is delivered twice is one run. It begins with the
 * pipeline's id, to be read by people.
 */
export const runIdOf = (
  run: { tenant: string; pipelineId: string; logicalTime: string; cause: RunCause },
  random: Random,
): string => {
  const { cause } = run
  if (cause.type === 'upload')
    return named(run, hashOf(['upload', run.tenant, run.pipelineId, cause.bucket, cause.name, cause.generation], 20))
  if (cause.idempotencyKey !== undefined)
    return named(run, hashOf(['key', run.tenant, run.pipelineId, cause.idempotencyKey], 20))
  return named(run, random.hex(10))
}

const named = (run: { pipelineId: string }, digits: string): string => `${run.pipelineId}-${digits}`

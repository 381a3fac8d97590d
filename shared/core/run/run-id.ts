import { hashOf } from '../hash.ts'
import type { Random } from '../ports/random.ts'
import type { RunCause } from './run.ts'

interface Caused {
  readonly tenant: string
  readonly pipelineId: string
}

/**
 * A run's id is derived from its cause where it has one, so that a cause that is delivered twice is one run. It begins with the
 * pipeline's id, to be read by people.
 */
export const runIdOf = (
  run: Caused & { readonly logicalTime: string; readonly cause: RunCause },
  random: Random,
): string => {
  const { cause } = run
  if (cause.type === 'upload')
    return named(run, hashOf(['upload', run.tenant, run.pipelineId, cause.bucket, cause.name, cause.generation], 20))
  if (cause.type === 'replay') return replayIdOf({ ...run, runId: cause.runId }, cause.attempt)
  if (cause.idempotencyKey !== undefined)
    return named(run, hashOf(['key', run.tenant, run.pipelineId, cause.idempotencyKey], 20))
  return named(run, random.hex(10))
}

/** The id of the run that a replay of this one is, or was: there is one for what it did not do, and one an attempt at its quarantine. */
export const replayIdOf = (run: Caused & { readonly runId: string }, attempt?: string): string =>
  named(run, hashOf(['replay', run.tenant, run.pipelineId, run.runId, attempt ?? ''], 20))

const named = (run: Caused, digits: string): string => `${run.pipelineId}-${digits}`

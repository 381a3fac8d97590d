import { PlatformError, UnavailableError } from '@convergence/core/errors.ts'
import type { Platform } from './platform.ts'
import type { LocalFailure, Operation } from './serve-local.ts'

export interface Owner {
  readonly pid: number
  readonly url: string
  readonly token: string
}

/** The platform of the process that owns the project. */
export const remotePlatform = (owner: Owner): Platform => {
  const call = <K extends Operation>(operation: K): Platform[K] =>
    // One cast for all: what `serveLocal` answers is what its operation returned.
    ((input: unknown) => post(owner, operation, input)) as Platform[K]
  return {
    createTenant: call('createTenant'),
    createKey: call('createKey'),
    requestRun: call('requestRun'),
    lookAtRun: call('lookAtRun'),
    explainRun: call('explainRun'),
    listRuns: call('listRuns'),
    replayRun: call('replayRun'),
    cancelRun: call('cancelRun'),
    query: call('query'),
  }
}

const post = async ({ url, token, pid }: Owner, operation: Operation, input: unknown): Promise<unknown> => {
  const response = await fetch(`${url}/${operation}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(input),
  }).catch((cause: unknown) => {
    throw new UnavailableError(
      `process ${pid}, which owns this project, does not answer at ${url}: try again, or stop it`,
      { cause },
    )
  })
  if (response.ok) return response.json()
  if (response.status !== 422)
    throw new UnavailableError(
      `process ${pid}, which owns this project, answered ${response.status}: is it of another version? Stop it and start it again`,
    )
  const { code, retryable, message, details } = (await response.json()) as LocalFailure
  throw new PlatformError(code, retryable, message, { details })
}

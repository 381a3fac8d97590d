import type { ConfigSnapshot } from '@convergence/core/config/snapshot.ts'
import { toPlatformError, UnavailableError, type PlatformError } from '@convergence/core/errors.ts'
import { parseGlob } from '@convergence/core/glob.ts'
import type { UploadEvent } from '@convergence/core/messages.ts'
import { OBJECT_PARAMETER } from '@convergence/core/parameters.ts'
import type { ControlContext, TenantContext } from '../context.ts'
import { requestRun } from '../runs/request-run.ts'
import { listTenants } from '../tenants/get-tenant.ts'

/**
 * Turns a finished object into run requests: for every pipeline whose `on_upload` matches, of every tenant whose operator allows it that
 * bucket and prefix. The run's id is derived from the object's generation, so that an event that comes twice is one run. Gives the runs.
 */
export const requestUploaded = async (context: ControlContext, event: UploadEvent): Promise<string[]> => {
  const runs: string[] = []
  const failures: PlatformError[] = []
  for await (const tenant of listTenants(context)) {
    const snapshot = await currentOrNone(context, tenant)
    if (!snapshot || !mayRead(snapshot, event)) continue
    for (const pipelineId of matching(snapshot, event)) {
      try {
        runs.push(await requestOne({ ...context, tenant }, pipelineId, event))
      } catch (error) {
        failures.push(waitingForRoom(toPlatformError(error)))
      }
    }
  }
  // The others have their runs; the event comes again, or goes to the dead letters with its reason.
  const failure = failures.find(({ retryable }) => retryable) ?? failures[0]
  if (failure) throw failure
  return runs
}

const requestOne = async (context: TenantContext, pipelineId: string, event: UploadEvent): Promise<string> => {
  const { bucket, name, generation } = event
  const { run } = await requestRun(context, {
    pipelineId,
    parameters: { [OBJECT_PARAMETER]: name },
    cause: { type: 'upload', bucket, name, generation },
  })
  return run.runId
}

/** A tenant at its limit of runs has room again when one of them ends: an upload waits for that, it is not lost. */
const waitingForRoom = (error: PlatformError): PlatformError =>
  error.code === 'LIMIT_EXCEEDED'
    ? new UnavailableError(error.message, { cause: error, retryAfterMs: ROOM_WAIT_MS })
    : error

const ROOM_WAIT_MS = 15_000

/** One tenant's broken config must not keep the others' uploads waiting; its own is told in the log, and again at the next upload. */
const currentOrNone = async (context: ControlContext, tenant: string): Promise<ConfigSnapshot | undefined> => {
  try {
    return await context.ports.configs.current(tenant)
  } catch (thrown) {
    const error = toPlatformError(thrown)
    if (error.code !== 'INVALID_CONFIG' && error.code !== 'NOT_FOUND') throw error
    context.ports.log.warn('an upload was not looked at: the config is not valid', { tenant, reason: error.message })
    return undefined
  }
}

const mayRead = ({ operator }: ConfigSnapshot, { bucket, name }: UploadEvent): boolean =>
  operator.buckets.some((one) => one.bucket === bucket && one.prefixes.some((prefix) => name.startsWith(prefix)))

const matching = ({ pipelines }: ConfigSnapshot, { bucket, name }: UploadEvent): string[] =>
  Object.values(pipelines)
    .filter(({ on_upload: upload }) => upload?.bucket === bucket && parseGlob(upload.glob).matches(name))
    .map(({ pipeline_id }) => pipeline_id)

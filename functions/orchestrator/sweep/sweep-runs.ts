import { toPlatformError, type PlatformError } from '@convergence/core/errors.ts'
import { MESSAGE, type RunEvent } from '@convergence/core/messages.ts'
import { allActivePrefix, runKey, tenantKey } from '@convergence/core/names.ts'
import type { StateEntry } from '@convergence/core/ports/state-store.ts'
import { runDocument, runEnded, stepEnded, type Run } from '@convergence/core/run/run.ts'
import { tenantDocument } from '@convergence/core/tenant.ts'
import { sendTask, type Stage } from '@convergence/pipeline/stage.ts'
import { runOutOfTime, stepOutOfTime } from '../out-of-time.ts'
import { QUIET_MS } from '../resume-run.ts'

/** Runs that one piece of a sweep looks at. */
const PAGE = 50
/** A request that has entered its run in the active set and not written it for so long will not write it any more. */
const ABANDONED_MS = 3_600_000

interface ActiveEntry {
  readonly requestedAt: string
}

/**
 * Looks at a page of the active runs of all tenants: ends what is out of time or whose tenant is suspended, and asks for a closer look at
 * what has been silent. Gives the next page. One run that cannot be read does not keep the others waiting.
 */
export const sweepRuns = async (
  stage: Stage,
  { tick, page }: { readonly tick: number; readonly page?: string | undefined },
): Promise<string | undefined> => {
  const listed = await stage.ports.state.list<ActiveEntry>(allActivePrefix, {
    limit: PAGE,
    ...(page !== undefined && { pageToken: page }),
  })
  const failures: PlatformError[] = []
  for (const entry of listed.entries) {
    try {
      await lookAt(stage, entry, tick)
    } catch (thrown) {
      const error = toPlatformError(thrown)
      stage.ports.log.error('a run was not swept', { entry: entry.key, code: error.code, reason: error.message })
      failures.push(error)
    }
  }
  const again = failures.find(({ code }) => code === 'UNAVAILABLE')
  if (again) throw again
  return listed.nextPageToken
}

const lookAt = async (stage: Stage, { key, value, version }: StateEntry<ActiveEntry>, tick: number): Promise<void> => {
  const [tenant = '', runId = ''] = key.slice(allActivePrefix.length).split('/')
  const standing = await stage.ports.state.get(runKey(runId))
  if (!standing) {
    if (isOlder(stage, value.requestedAt, ABANDONED_MS)) await stage.ports.state.delete(key, version)
    return
  }
  const run = runDocument.parse(standing.value)
  if (run.tenant !== tenant) return
  for (const event of await endingsOf(stage, run)) await stage.ports.bus.publish('run-events', event)
  if (!isOlder(stage, lastChange(run), stage.settings.quietMs ?? QUIET_MS)) return
  await sendTask(stage, 'runs', { type: 'run', runId, check: 'quiet', tick }, { name: [runId, 'quiet', tick] })
}

/** Timers are tasks, and can be lost like any other. */
const endingsOf = async (stage: Stage, run: Run): Promise<RunEvent[]> => {
  if (runEnded(run) || run.status === 'STOPPING') return []
  if (await isSuspended(stage, run.tenant)) return [suspended(run)]
  if (run.status !== 'RUNNING') return []
  if (isOlder(stage, run.startedAt, run.timeoutMs)) return [runOutOfTime(run)]
  return run.steps
    .filter((step) => !stepEnded(step) && !step.error && step.timeoutMs !== undefined)
    .filter(({ startedAt, timeoutMs }) => isOlder(stage, startedAt, timeoutMs ?? 0))
    .map(({ stepId }) => stepOutOfTime(run, stepId))
}

const isSuspended = async (stage: Stage, tenant: string): Promise<boolean> => {
  const entry = await stage.ports.state.get(tenantKey(tenant))
  return entry !== undefined && tenantDocument.parse(entry.value).status === 'suspended'
}

const suspended = ({ runId, trace, tenant }: Run): RunEvent => ({
  ...MESSAGE,
  trace,
  type: 'run.stop',
  runId,
  intent: { end: 'CANCELLED', reason: { code: 'SUSPENDED', message: `tenant ${tenant} was suspended` } },
})

/** The newest time in the run's document. */
const lastChange = (run: Run): string =>
  [run.requestedAt, run.startedAt, run.endedAt, ...run.steps.flatMap((step) => [step.startedAt, step.endedAt])]
    .filter((at) => at !== undefined)
    .reduce((a, b) => (a > b ? a : b))

const isOlder = (stage: Stage, at: string | undefined, thanMs: number): boolean =>
  at !== undefined && Date.parse(at) + thanMs <= stage.ports.clock.nowMs()

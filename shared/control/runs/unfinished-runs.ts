import { activeKey, activePrefix, runKey } from '@convergence/core/names.ts'
import { MESSAGE } from '@convergence/core/messages.ts'
import { runDocument, runEnded, type Run } from '@convergence/core/run/run.ts'
import type { TenantContext } from '../context.ts'

/** Runs of the tenant that have not ended, oldest first. */
export const unfinishedRuns = async (context: TenantContext): Promise<Run[]> => {
  const runs: Run[] = []
  for await (const { run } of activeRuns(context)) if (run && !runEnded(run)) runs.push(run)
  return runs.toSorted((a, b) => (a.requestedAt < b.requestedAt ? -1 : 1))
}

/**
 * Asks every run in the tenant's active set to go on from where it is, as a host does when it starts: what a crash left unsent is sent
 * again. An entry without a run is a request that crashed before the run was written: it is closed. Call while nobody requests runs.
 */
export const wakeRuns = async (context: TenantContext): Promise<void> => {
  const { state, bus } = context.ports
  for await (const { runId, version, run } of activeRuns(context)) {
    if (!run) await state.delete(activeKey(context.tenant, runId), version)
    else await bus.publish('run-events', { ...MESSAGE, trace: run.trace, type: 'run.requested', runId })
  }
}

interface ActiveRun {
  readonly runId: string
  readonly version: string
  readonly run: Run | undefined
}

async function* activeRuns({ ports, tenant }: TenantContext): AsyncGenerator<ActiveRun> {
  let pageToken: string | undefined
  do {
    const page = await ports.state.list(activePrefix(tenant), pageToken === undefined ? {} : { pageToken })
    for (const { key, version } of page.entries) {
      const runId = key.slice(activePrefix(tenant).length)
      const entry = await ports.state.get(runKey(runId))
      yield { runId, version, run: entry && runDocument.parse(entry.value) }
    }
    pageToken = page.nextPageToken
  } while (pageToken !== undefined)
}

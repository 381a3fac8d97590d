import { MESSAGE } from '@convergence/core/messages.ts'
import { activeKey, activePrefix } from '@convergence/core/names.ts'
import type { Run } from '@convergence/core/run/run.ts'
import type { Stage } from '@convergence/pipeline/stage.ts'
import { leaveSlot } from './slots.ts'

interface ActiveEntry {
  readonly pipelineId: string
  readonly requestedAt: string
}

/** After-effects of an ended run, repeated at every delivery until its entry has left the active set, which is the last of them. */
export const finishRun = async (stage: Stage, run: Run): Promise<void> => {
  const key = activeKey(run.tenant, run.runId)
  const entry = await stage.ports.state.get(key)
  if (!entry) return
  await leaveSlot(stage, run)
  await wakeQueued(stage, run)
  await stage.ports.state.delete(key, entry.version)
}

/** The pipeline's runs that may be waiting for the slot, oldest first: each looks for itself. */
const wakeQueued = async (stage: Stage, ended: Run): Promise<void> => {
  const waiting: (ActiveEntry & { runId: string })[] = []
  let pageToken: string | undefined
  do {
    const page = await stage.ports.state.list<ActiveEntry>(
      activePrefix(ended.tenant),
      pageToken === undefined ? {} : { pageToken },
    )
    for (const { key, value } of page.entries) {
      const runId = key.slice(activePrefix(ended.tenant).length)
      if (value.pipelineId === ended.pipelineId && runId !== ended.runId) waiting.push({ ...value, runId })
    }
    pageToken = page.nextPageToken
  } while (pageToken !== undefined)
  waiting.sort((a, b) => (a.requestedAt < b.requestedAt ? -1 : 1))
  for (const { runId } of waiting.slice(0, ended.concurrency + 1))
    await stage.ports.bus.publish('run-events', { ...MESSAGE, trace: ended.trace, type: 'run.requested', runId })
}

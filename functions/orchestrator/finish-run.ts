import { MESSAGE } from '@convergence/core/messages.ts'
import { activeKey, expiryKey } from '@convergence/core/names.ts'
import type { Run } from '@convergence/core/run/run.ts'
import type { Stage } from '@convergence/pipeline/stage.ts'
import { otherActiveRuns } from './active-runs.ts'
import { leaveSlot } from './slots.ts'

/** After-effects of an ended run, repeated at every delivery until its entry has left the active set, which is the last of them. */
export const finishRun = async (stage: Stage, run: Run): Promise<void> => {
  const key = activeKey(run.tenant, run.runId)
  const entry = await stage.ports.state.get(key)
  if (!entry) return
  if (run.endedAt !== undefined)
    await stage.ports.state.compareAndSet(expiryKey(run.endedAt, run.tenant, run.runId), null, {})
  await leaveSlot(stage, run)
  await wakeQueued(stage, run)
  await stage.ports.state.delete(key, entry.version)
}

/** The pipeline's runs that may be waiting for the slot, oldest first: each looks for itself. */
const wakeQueued = async (stage: Stage, ended: Run): Promise<void> => {
  for (const { runId } of (await otherActiveRuns(stage, ended)).slice(0, ended.concurrency + 1))
    await stage.ports.bus.publish('run-events', { ...MESSAGE, trace: ended.trace, type: 'run.requested', runId })
}

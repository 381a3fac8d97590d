import { slotKey } from '@convergence/core/names.ts'
import { runEnded, type Run } from '@convergence/core/run/run.ts'
import { readRun, type Stage } from '@convergence/pipeline/stage.ts'

/** `concurrency` of a pipeline: slot documents that name their run, retaken only from one that has ended. */
interface SlotDocument {
  readonly version: 1
  readonly runId: string
}

/** The number of the slot that the run holds now, or undefined: all are taken. */
export const takeSlot = async (stage: Stage, run: Run): Promise<number | undefined> => {
  for (let slot = 0; slot < run.concurrency; slot++) {
    const key = slotKey(run.tenant, run.pipelineId, slot)
    const entry = await stage.ports.state.get<SlotDocument>(key)
    if (entry?.value.runId === run.runId) return slot
    if (entry && !(await hasEnded(stage, entry.value.runId))) continue
    const put = await stage.ports.state.compareAndSet<SlotDocument>(key, entry?.version ?? null, {
      version: 1,
      runId: run.runId,
    })
    if (put.outcome === 'written' || put.current?.value.runId === run.runId) return slot
  }
  return undefined
}

export const leaveSlot = async (stage: Stage, run: Run): Promise<void> => {
  if (run.slot === undefined) return
  const key = slotKey(run.tenant, run.pipelineId, run.slot)
  const entry = await stage.ports.state.get<SlotDocument>(key)
  if (entry?.value.runId === run.runId) await stage.ports.state.delete(key, entry.version)
}

const hasEnded = async (stage: Stage, runId: string): Promise<boolean> => {
  const holder = await readRun(stage, runId)
  return !holder || runEnded(holder)
}

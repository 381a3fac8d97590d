import { MESSAGE } from '@convergence/core/messages.ts'
import { slotKey } from '@convergence/core/names.ts'
import { runEnded, type Run } from '@convergence/core/run/run.ts'
import { readRun, type Stage } from '@convergence/pipeline/stage.ts'
import { otherActiveRuns } from './active-runs.ts'

/** `concurrency` of a pipeline: slot documents that name their run, retaken only from one that has ended. */
interface SlotDocument {
  readonly version: 1
  readonly runId: string
}

/**
 * The number of the slot that the run holds now, or undefined: all are taken, or runs that were asked for earlier wait for those that are
 * free. They are asked to look, so that nobody waits for a run that has slept over its turn.
 */
export const takeSlot = async (stage: Stage, run: Run): Promise<number | undefined> => {
  const slots = await readSlots(stage, run)
  const own = slots.find(({ holder }) => holder === run.runId)
  if (own) return own.slot
  const free = slots.filter(({ isFree }) => isFree)
  if (free.length === 0) return undefined
  // After the slots were read: whoever takes one meanwhile is counted as waiting, and makes this run look again when it ends.
  const earlier = await waitingBefore(stage, run, new Set(slots.map(({ holder }) => holder)))
  if (earlier.length >= free.length) {
    for (const runId of earlier.slice(0, free.length)) await askToLook(stage, run, runId)
    return undefined
  }
  for (const { slot, key, version } of free) {
    const put = await stage.ports.state.compareAndSet<SlotDocument>(key, version, { version: 1, runId: run.runId })
    if (put.outcome === 'written' || put.current?.value.runId === run.runId) return slot
  }
  return undefined
}

interface Slot {
  readonly slot: number
  readonly key: string
  readonly version: string | null
  readonly holder: string | undefined
  readonly isFree: boolean
}

const readSlots = (stage: Stage, run: Run): Promise<Slot[]> =>
  Promise.all(
    Array.from({ length: run.concurrency }, async (_, slot): Promise<Slot> => {
      const key = slotKey(run.tenant, run.pipelineId, slot)
      const entry = await stage.ports.state.get<SlotDocument>(key)
      const holder = entry?.value.runId
      const isFree = holder === undefined || (await hasEnded(stage, holder))
      return { slot, key, version: entry?.version ?? null, holder, isFree }
    }),
  )

/** By their documents: of one cause that was asked for twice at once, the entry in the active set may be the loser's. */
const waitingBefore = async (stage: Stage, run: Run, holders: ReadonlySet<string | undefined>): Promise<string[]> => {
  const others = (await otherActiveRuns(stage, run)).filter(({ runId }) => !holders.has(runId))
  const runs = await Promise.all(others.map(({ runId }) => readRun(stage, runId)))
  return runs
    .filter((other) => other !== undefined)
    .filter((other) => (other.status === 'PENDING' || other.status === 'QUEUED') && isBefore(other, run))
    .map(({ runId }) => runId)
}

/** Two runs of one millisecond are in the order of their ids. */
const isBefore = (a: Run, b: Run): boolean =>
  a.requestedAt === b.requestedAt ? a.runId < b.runId : a.requestedAt < b.requestedAt

const askToLook = (stage: Stage, { trace }: Run, runId: string): Promise<void> =>
  stage.ports.bus.publish('run-events', { ...MESSAGE, trace, type: 'run.requested', runId })

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

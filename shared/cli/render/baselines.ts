import type { RunLook } from '../platform/platform.ts'

type StepProgress = RunLook['progress'][number]

/** Where a step stood when it was first seen: speed is counted from there, not over the time that a crash took. */
interface Baseline {
  readonly atMs: number
  readonly chunks: number
  readonly bytes: number
}

export type Baselines = ReadonlyMap<string, Baseline>

/** The baselines with those of steps that are seen for the first time. */
export const noteBaselines = (known: Baselines, { progress }: RunLook, nowMs: number): Baselines => {
  const fresh = progress.filter(({ stepId }) => !known.has(stepId))
  if (fresh.length === 0) return known
  return new Map([...known, ...fresh.map((one) => [one.stepId, baselineOf(one, nowMs)] as const)])
}

const baselineOf = ({ chunks, bytes }: StepProgress, atMs: number): Baseline => ({
  atMs,
  chunks: chunks.done,
  bytes: bytes?.done ?? 0,
})

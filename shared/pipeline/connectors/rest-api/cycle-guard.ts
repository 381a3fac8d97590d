/**
 * Finds out that a list of cursors goes in a circle, in constant space (Brent's algorithm), so that a continuation can carry it:
 * the anchor moves to the newest cursor whenever the number of steps since has doubled.
 */
export interface CycleGuard {
  readonly anchor: string
  readonly steps: number
  readonly power: number
}

export const startGuard = (cursor: string): CycleGuard => ({ anchor: cursor, steps: 0, power: 1 })

/** The guard after one more cursor; undefined: it was there before. */
export const nextGuard = (guard: CycleGuard, cursor: string): CycleGuard | undefined => {
  if (cursor === guard.anchor) return undefined
  const steps = guard.steps + 1
  return steps === guard.power ? { anchor: cursor, steps: 0, power: guard.power * 2 } : { ...guard, steps }
}

import type { Played } from './play-seeds.ts'
import type { Simulated } from './simulate.ts'

export const summarize = ({ seed, violations, green, rows, calls, faults, cloud }: Simulated): Played => ({
  seed,
  violations,
  green,
  runs: [...cloud.state.keys()].filter((key) => key.startsWith('runs/')).length,
  rows,
  calls,
  faults: Object.fromEntries(faults),
})

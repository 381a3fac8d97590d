/**
 * Plays seeds with a bug planted until one is caught, and prints it as JSON: `node play-mutant.ts PATCH --from 1 --seeds 2000 --profile
 * base`. A process of its own: what is planted stays planted.
 */
import { parseArgs } from 'node:util'
import type { ProfileName } from '../profiles.ts'
import { plant } from './plant.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    from: { type: 'string', default: '1' },
    seeds: { type: 'string', default: '2000' },
    profile: { type: 'string', default: 'base' },
  },
})
plant(positionals[0] ?? '')
const { simulate } = await import('../simulate.ts')

const play = async (seed: number, profile: ProfileName): Promise<readonly string[]> => {
  try {
    return (await simulate(seed, { profile })).violations
  } catch (error) {
    return [`threw: ${error instanceof Error ? error.message : String(error)}`]
  }
}

const profile = values.profile as ProfileName
const from = Number(values.from)
for (let seed = from; seed < from + Number(values.seeds); seed++) {
  const [violation] = await play(seed, profile)
  if (violation === undefined) continue
  console.log(JSON.stringify({ profile, seed, violation }))
  process.exit(0)
}
// Handlers of processes that died wait for ever: they would keep this one alive.
process.exit(1)

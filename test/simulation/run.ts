/**
 * Plays seeds on the real handlers: `npm run simulate -- [--seeds 200] [--from 1] [--profile base|storm|calm] [--jobs 2] [--json]`. Of a
 * seed that fails it prints what broke, the shortest trace that still breaks it, and the command that plays just that again
 * (`--seeds 1 --from S --uploads=0,2 --faults=12,40`). Ends with 1 when anything broke, or when nothing was loaded: a run that inserted
 * nothing proves nothing. `--mutant FILE` plants a bug; `--exhaustive` plays every fault at every call of small runs.
 */
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { plant } from './mutants/plant.ts'
import { PROFILES, type ProfileName } from './profiles.ts'

const args = process.argv.slice(2)
if (args.includes('--exhaustive')) {
  const { runExhaustive } = await import('./exhaustive/run.ts')
  process.exit(await runExhaustive(args))
}

const { values } = parseArgs({
  args,
  options: {
    seeds: { type: 'string', default: '200' },
    from: { type: 'string', default: '1' },
    profile: { type: 'string', default: 'base' },
    jobs: { type: 'string', default: String(availableParallelism()) },
    json: { type: 'boolean', default: false },
    mutant: { type: 'string' },
    uploads: { type: 'string' },
    faults: { type: 'string' },
  },
})

const profileOf = (name: string): ProfileName => {
  const found = Object.keys(PROFILES).find((one) => one === name) as ProfileName | undefined
  if (!found) throw new Error(`there is no profile ${name}: ${Object.keys(PROFILES).join(', ')}`)
  return found
}

const numberOf = (name: 'seeds' | 'from' | 'jobs'): number => {
  const number = Number(values[name])
  if (!Number.isInteger(number) || number < 0) throw new Error(`--${name} ${values[name]} is no whole number`)
  return number
}

const listOf = (text: string | undefined): number[] | undefined =>
  text === undefined ? undefined : text.split(',').flatMap((part) => (part === '' ? [] : [Number(part)]))

const asked = { from: numberOf('from'), seeds: numberOf('seeds'), profile: profileOf(values.profile) }
const selection = { uploads: listOf(values.uploads), faults: listOf(values.faults) }
const { mutant, json } = values
if (mutant !== undefined) plant(mutant)
// After the bug is planted: these load the sources.
const { replaySeed, simulateSeeds } = await import('./report.ts')
const isReplay = selection.uploads !== undefined || selection.faults !== undefined
const isGreen = await (isReplay
  ? replaySeed({ ...asked, mutant, json, selection })
  : simulateSeeds({ ...asked, mutant, json, jobs: numberOf('jobs') }))
// Handlers of processes that died wait for ever: they would keep this one alive.
process.exit(isGreen ? 0 : 1)

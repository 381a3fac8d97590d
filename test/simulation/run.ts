/**
 * Plays seeds on the real handlers: `npm run simulate -- [--seeds 200] [--from 1] [--profile base|storm|calm] [--trace]`. Prints what broke,
 * and ends with 1 when anything did, or when nothing was loaded: a run that inserted nothing proves nothing.
 */
import { parseArgs } from 'node:util'
import { runExhaustive } from './exhaustive/run.ts'
import { simulate } from './simulate.ts'
import { PROFILES } from './profiles.ts'

if (process.argv.includes('--exhaustive')) process.exit(await runExhaustive(process.argv.slice(2)))

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '200' },
    from: { type: 'string', default: '1' },
    profile: { type: 'string', default: 'base' },
    trace: { type: 'boolean', default: false },
  },
})
const profile = Object.keys(PROFILES).find((name) => name === values.profile) as keyof typeof PROFILES | undefined
if (!profile) throw new Error(`there is no profile ${values.profile}: ${Object.keys(PROFILES).join(', ')}`)
const [from, seeds] = [Number(values.from), Number(values.seeds)]

const faults = new Map<string, number>()
let [green, rows, calls, broken] = [0, 0, 0, 0]
for (let seed = from; seed < from + seeds; seed++) {
  const played = await simulate(seed, { profile })
  green += played.green
  rows += played.rows
  calls += played.calls
  for (const [fault, count] of played.faults) faults.set(fault, (faults.get(fault) ?? 0) + count)
  if (played.violations.length === 0) continue
  broken++
  console.log(`seed ${seed}: ${played.violations.join('; ')}`)
  console.log(`  npm run simulate -- --seeds 1 --from ${seed} --profile ${profile} --trace`)
  if (values.trace) console.log(played.trace.map((line) => `  ${line}`).join('\n'))
}
console.log(
  `${seeds} seeds (${profile}): ${broken} with violations; ${green} green runs, ${rows} rows, ${calls} port calls`,
)
console.log(`faults: ${[...faults].map(([fault, count]) => `${fault} ${count}`).join(', ') || 'none'}`)
// Handlers of processes that died wait for ever: they would keep this one alive.
process.exit(broken > 0 || rows === 0 ? 1 : 0)

import { execFileSync } from 'node:child_process'
import { findCause, replay, type Selection } from './find-cause.ts'
import { neverHappened } from './fault-names.ts'
import { playSeeds, type Block, type Played } from './play-seeds.ts'
import { simulate } from './simulate.ts'

interface Asked extends Block {
  readonly mutant: string | undefined
  /** One document on the output instead of text. */
  readonly json: boolean
}

interface Failure {
  readonly seed: number
  readonly violations: readonly string[]
  readonly faults: readonly string[]
  readonly trace: readonly string[]
  readonly command: string
}

/** Failing seeds after which no more are played: the first tell enough. */
const MAX_FAILURES = 20
/** Of so many the cause is looked for. */
const MAX_CAUSES = 3
/** With fewer seeds a fault may well not have happened. */
const MANY_SEEDS = 500

/** True: nothing broke, and something was loaded. */
export const simulateSeeds = async (asked: Asked & { readonly jobs: number }): Promise<boolean> => {
  const counts = new Map<string, number>()
  const sums = { seeds: 0, green: 0, runs: 0, rows: 0, calls: 0 }
  const failed: Played[] = []
  const onPlayed = (played: Played): boolean => {
    sums.seeds++
    for (const name of ['green', 'runs', 'rows', 'calls'] as const) sums[name] += played[name]
    for (const [fault, count] of Object.entries(played.faults)) counts.set(fault, (counts.get(fault) ?? 0) + count)
    if (played.violations.length > 0) failed.push(played)
    return failed.length < MAX_FAILURES
  }
  await playSeeds({ ...asked, onPlayed })
  const failures: Failure[] = []
  for (const [index, { seed, violations }] of failed.entries())
    failures.push(index < MAX_CAUSES ? await failureOf(seed, asked) : bare(seed, violations, asked))
  const missing = neverHappened(asked.profile, counts)
  const never = sums.seeds < MANY_SEEDS ? [] : missing
  const faults = Object.fromEntries([...counts].toSorted(([a], [b]) => (a < b ? -1 : 1)))
  if (asked.json)
    console.log(JSON.stringify({ commit: commit(), ...asked, ...sums, faults, neverHappened: missing, failures }))
  else {
    failures.forEach(tell)
    const { seeds, green, runs, rows, calls } = sums
    console.log(
      `${seeds} seeds (${asked.profile}): ${failed.length} with violations; ${green} of ${runs} runs green, ${rows} rows, ${calls} port calls`,
    )
    const list = Object.entries(faults).map(([fault, count]) => `${fault} ${count}`)
    console.log(`faults: ${list.join(', ') || 'none'}`)
    if (never.length > 0) console.log(`NEVER HAPPENED, SO NOTHING IS PROVEN ABOUT: ${never.join(', ')}`)
    if (sums.rows === 0) console.log('NOTHING WAS LOADED, SO NOTHING IS PROVEN')
  }
  return failed.length === 0 && sums.rows > 0 && never.length === 0
}

/** Plays a part of one seed, and prints all that happened. */
export const replaySeed = async (asked: Asked & { readonly selection: Selection }): Promise<boolean> => {
  const { violations, trace } = await replay(asked.from, asked.profile, asked.selection)
  if (asked.json) console.log(JSON.stringify({ commit: commit(), ...asked, violations, trace }))
  else {
    for (const line of trace) console.log(`  ${line}`)
    console.log(violations.length === 0 ? 'nothing broke' : violations.join('\n'))
  }
  return violations.length === 0
}

const failureOf = async (seed: number, asked: Asked): Promise<Failure> => {
  const whole = await simulate(seed, { profile: asked.profile })
  const { selection, played } = await findCause(whole, asked.profile)
  const { uploads, faults } = selection
  return {
    ...bare(seed, played.violations, asked, ` --uploads=${uploads.join(',')} --faults=${faults.join(',')}`),
    faults: faults.map((index) => {
      const fault = whole.fired[index]
      return `${index} ${fault?.kind} at ${fault?.where}`
    }),
    trace: played.trace,
  }
}

const bare = (seed: number, violations: readonly string[], { profile, mutant }: Asked, part = ''): Failure => {
  const bug = mutant === undefined ? '' : ` --mutant ${mutant}`
  const command = `npm run simulate -- --seeds 1 --from ${seed} --profile ${profile}${part}${bug}`
  return { seed, violations, faults: [], trace: [], command }
}

const tell = ({ seed, violations, faults, trace, command }: Failure): void => {
  console.log(`seed ${seed} at commit ${commit()}:`)
  for (const violation of violations) console.log(`  ${violation}`)
  if (faults.length > 0) console.log(`with the faults\n  ${faults.join('\n  ')}`)
  if (trace.length > 0) console.log(`so it happened\n  ${trace.join('\n  ')}`)
  console.log(`play it again: ${command}\n`)
}

const commit = (): string => {
  try {
    return execFileSync('git', ['rev-parse', 'HEAD'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  } catch {
    return 'unknown'
  }
}

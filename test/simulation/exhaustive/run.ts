/**
 * Every port call of some small runs, with each kind of fault: `npm run simulate -- --exhaustive [--only NAME] [--json]`. A case that
 * fails prints what broke, its trace, and the command that plays it again: `--only NAME --call 17 --kind crash-after`.
 */
import { parseArgs } from 'node:util'
import { exhaust, FAULT_KINDS, playCase, type Case, type Exhausted } from './play.ts'
import { SMALL_RUNS, type SmallRun } from './scenarios.ts'

export const runExhaustive = async (args: readonly string[]): Promise<number> => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      exhaustive: { type: 'boolean' },
      only: { type: 'string', multiple: true },
      call: { type: 'string' },
      kind: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  })
  const runs = chosen(values.only)
  if (values.call !== undefined || values.kind !== undefined) return playOne(runs, values)
  const done: Exhausted[] = []
  for (const run of runs) {
    const exhausted = await exhaust(run)
    done.push(exhausted)
    if (!values.json) tell(exhausted)
  }
  const cases = done.reduce((sum, one) => sum + one.cases, 0)
  const failed = done.reduce((sum, one) => sum + one.failed.length, 0)
  if (values.json) console.log(JSON.stringify({ cases, passed: cases - failed, failed, runs: done.map(asJson) }))
  else console.log(`${cases} cases, ${cases - failed} passed, ${failed} failed`)
  return failed > 0 || cases === 0 ? 1 : 0
}

const chosen = (names: readonly string[] | undefined): readonly SmallRun[] => {
  if (!names) return SMALL_RUNS
  return names.map((name) => {
    const run = SMALL_RUNS.find((one) => one.name === name)
    if (!run) throw new Error(`there is no small run ${name}: ${SMALL_RUNS.map((one) => one.name).join(', ')}`)
    return run
  })
}

const playOne = async (
  runs: readonly SmallRun[],
  { call = '', kind }: { readonly call?: string | undefined; readonly kind?: string | undefined },
): Promise<number> => {
  const [run] = runs
  const fault = FAULT_KINDS.find((one) => one === kind)
  if (!run || runs.length > 1 || !fault || !/^\d+$/.test(call))
    throw new Error(`one case is --only NAME --call NUMBER --kind ${FAULT_KINDS.join('|')}`)
  const played = await playCase(run, { call: Number(call), kind: fault })
  console.log(played.trace.join('\n'))
  console.log(played.problems.length > 0 ? played.problems.join('; ') : `ends well: ${played.end}`)
  return played.problems.length > 0 ? 1 : 0
}

const tell = ({ run, calls, cases, failed, ends }: Exhausted): void => {
  const how = [...ends].map(([end, count]) => `${end} ${count}`).join(', ')
  console.log(`${run}: ${calls} port calls, ${cases} cases, ${failed.length} failed (${how})`)
  for (const one of failed) tellCase(one)
}

const tellCase = ({ run, aim, problems, trace }: Case): void => {
  console.log(`  ${aim.kind} at call ${aim.call}: ${problems.join('; ')}`)
  for (const line of trace) console.log(`    ${line}`)
  console.log(`  npm run simulate -- --exhaustive --only ${run} --call ${aim.call} --kind ${aim.kind}`)
}

const asJson = ({ run, calls, cases, failed, ends }: Exhausted) => ({
  run,
  calls,
  cases,
  failed: failed.map(({ aim, problems }) => ({ ...aim, problems })),
  ends: Object.fromEntries(ends),
})

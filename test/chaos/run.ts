/**
 * Kills real processes: `npm run chaos -- [--runs 20] [--seed 1] [--json]`. The embedded platform over a folder and an HTTP source, killed
 * by SIGKILL every few hundred milliseconds and started again, with other faults beside, until so many runs have ended; after each, rows,
 * receipts and states are compared with the source. Ends with 1 at the first that differs, and keeps its folder.
 */
import { parseArgs } from 'node:util'
import { chaos, type Report } from './chaos.ts'
import { FAULTS } from './tally.ts'

/** So many runs meet every fault. */
const RUNS_FOR_ALL = 20

const render = ({ tally, seconds, quota, broken }: Report, seed: number): string => {
  const figures: [string, string | number][] = [
    ['runs, exact', tally.runs],
    ['runs a second', (tally.runs / seconds).toFixed(2)],
    ['rows compared', tally.rows],
    ['kills', tally.kills],
    ['processes started', tally.starts],
    ['pieces of work begun', tally.begun],
    ['of them repeated', tally.repeated],
    ['repeated by one kill, at most', tally.mostRepeated],
    ...FAULTS.map((fault): [string, number] => [fault, tally.faults.get(fault) ?? 0]),
    ...[...tally.answers].toSorted(([a], [b]) => a.localeCompare(b)),
    ['full disk', quota],
  ]
  const width = Math.max(...figures.map(([name]) => name.length))
  const lines = figures.map(([name, value]) => `${name.padEnd(width)}  ${value}`)
  if (broken)
    lines.push(
      ...tally.notes,
      `BROKEN: seed ${seed}, batch ${broken.batch}, after ${tally.runs} exact runs: ${broken.message}`,
      `its folder is kept: ${broken.folder}`,
      `npm run chaos -- --runs ${tally.runs + 3} --seed ${seed} plays it again, as far as the machine's time allows`,
    )
  const missing = FAULTS.filter((fault) => !tally.faults.has(fault))
  if (!broken && tally.runs >= RUNS_FOR_ALL && missing.length > 0)
    lines.push(`NEVER FIRED: ${missing.join(', ')}: nothing is proven about ${missing.length > 1 ? 'them' : 'it'}`)
  return lines.join('\n')
}

const document = ({ tally, seconds, quota, broken }: Report, seed: number): string => {
  const { runs, rows, kills, starts, begun, repeated, mostRepeated } = tally
  const figures = { runs, rows, kills, starts, begun, repeated, most_repeated_by_one_kill: mostRepeated }
  const faults = Object.fromEntries(FAULTS.map((fault) => [fault, tally.faults.get(fault) ?? 0]))
  const answers = Object.fromEntries(tally.answers)
  return JSON.stringify(
    { seed, seconds, ...figures, faults, answers, full_disk: quota, broken: broken ?? null },
    undefined,
    2,
  )
}

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
})
const [runs, seed] = [Number(values.runs), Number(values.seed)]
if (!Number.isInteger(runs) || runs < 1 || !Number.isInteger(seed))
  throw new Error('--runs and --seed are whole numbers, --runs at least 1')
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130))
const report = await chaos({ runs, seed, say: values.json ? () => {} : (line) => console.log(line) })
console.log(values.json ? document(report, seed) : render(report, seed))
process.exit(report.broken ? 1 : 0)

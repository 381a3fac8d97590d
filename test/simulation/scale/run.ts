/**
 * Runs of a hundred, ten thousand and a million modelled chunks through the real plan, chunk tasks, fan-in and load:
 * `npm run simulate:scale -- [--chunks 100,10000,1000000] [--json]`. Prints what a chunk costs, how long it would take and why; ends
 * with 1 when a limit was met.
 */
import { parseArgs } from 'node:util'
import { playScale, type Scaled } from './play.ts'
import { exceeded, operations, perChunk, sizes, wallTime } from './report.ts'

const { values } = parseArgs({
  options: {
    chunks: { type: 'string', default: '100,10000,1000000' },
    json: { type: 'boolean', default: false },
  },
})

const runs: Scaled[] = []
for (const text of values.chunks.split(',')) {
  const chunks = Number(text)
  if (!Number.isInteger(chunks) || chunks < 1) throw new Error(`--chunks ${text} is no number of chunks`)
  runs.push(await playScale(chunks))
}
const problems = runs.flatMap(exceeded)

const asJson = (run: Scaled) => ({
  chunks: run.chunks,
  wallSeconds: run.wallMs / 1_000,
  operationsPerChunk: operations(run),
  loadJobs: run.meter.callsOf('load job'),
  maxSlotsInHand: run.maxSlotsInHand,
  peakHeapBytes: run.peakHeapBytes,
  cpuSeconds: run.cpuSeconds,
  tallies: Object.fromEntries(run.meter.tallies),
})

if (values.json) console.log(JSON.stringify({ runs: runs.map(asJson), problems }))
else
  for (const line of [...perChunk(runs), '', ...runs.flatMap(wallTime), '', ...runs.map(sizes), ...problems])
    console.log(line)
process.exit(problems.length > 0 ? 1 : 0)

/**
 * Benches beside their peers, in turns in one run: `npm run bench -- [csv|rest|chunks …] [--size MB] [--rounds N] [--json]`.
 * All of them without a name. Figures are medians; memory is the highest sum of anonymous memory over a contestant's process tree.
 * What landed is compared with the source; a wrong result, or a target that is missed, ends with exit code 1.
 */
import { parseArgs } from 'node:util'
import { benchChunks } from './chunks.ts'
import { benchCsv } from './csv.ts'
import { renderResult, type Result } from './report.ts'
import { benchRest } from './rest.ts'

export interface BenchOptions {
  /** Of the CSV file, in millions of bytes. */
  readonly sizeMb: number
  readonly rounds: number
  /** Tells how far it is. */
  readonly say: (text: string) => void
}

const BENCHES = { csv: benchCsv, rest: benchRest, chunks: benchChunks } as const
type Name = keyof typeof BENCHES

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    size: { type: 'string', default: '1024' },
    rounds: { type: 'string', default: '3' },
    json: { type: 'boolean', default: false },
  },
})
const unknown = positionals.find((name) => !Object.hasOwn(BENCHES, name))
if (unknown !== undefined) throw new Error(`there is no bench ${unknown}: ${Object.keys(BENCHES).join(', ')}`)
const [sizeMb, rounds] = [Number(values.size), Number(values.rounds)]
if (!(sizeMb >= 1) || !(rounds >= 1)) throw new Error('--size is a number of MB, --rounds a number, both at least 1')

const say = (text: string): void => void process.stderr.write(`${text}\n`)
const results: Result[] = []
for (const name of positionals.length > 0 ? (positionals as Name[]) : (Object.keys(BENCHES) as Name[]))
  results.push(...(await BENCHES[name]({ sizeMb, rounds, say })))
console.log(values.json ? JSON.stringify(results, undefined, 2) : results.map(renderResult).join('\n'))
if (results.some(({ targets }) => targets.some(({ isMet }) => !isMet))) process.exitCode = 1

/** The process in which one contestant runs: `node contestant.ts NAME TASK`, the task as JSON. Answers by message. */
import { readFileSync } from 'node:fs'

const CONTESTANTS = {
  'csv-parts': () => import('./contestants/csv-parts.ts'),
  'csv-run': () => import('./contestants/csv-run.ts'),
  'duckdb-copy': () => import('./contestants/duckdb-copy.ts'),
  'duckdb-insert': () => import('./contestants/duckdb-insert.ts'),
  'rest-run': () => import('./contestants/rest-run.ts'),
  'duckdb-json': () => import('./contestants/duckdb-json.ts'),
  'chunks-run': () => import('./contestants/chunks-run.ts'),
} as const

export type Contestant = keyof typeof CONTESTANTS
type Work<C extends Contestant> = Awaited<ReturnType<(typeof CONTESTANTS)[C]>>['default']
export type TaskOf<C extends Contestant> = Parameters<Work<C>>[0]

/** Ticks of a hundredth of a second (Linux), those of child processes that have ended included. */
const cpuSeconds = (): number => {
  const fields = readFileSync('/proc/self/stat', 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
  return [11, 12, 13, 14].reduce((sum, field) => sum + Number(fields[field]), 0) / 100
}

const [name, task] = process.argv.slice(2)
if (name !== undefined && task !== undefined) {
  const { default: work } = await CONTESTANTS[name as Contestant]()
  const before = { ms: performance.now(), cpu: cpuSeconds() }
  const output = await (work as (task: unknown) => Promise<unknown>)(JSON.parse(task))
  const seconds = (performance.now() - before.ms) / 1000
  const answer = { seconds, cpuSeconds: cpuSeconds() - before.cpu, output }
  // An ordinary exit may wait for ever (nodejs/node#54918).
  process.send?.(answer, () => process.kill(process.pid, 'SIGKILL'))
}

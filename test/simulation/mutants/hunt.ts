/**
 * Looks for the first seed that catches each planted bug, and writes it into `caught.json`: `node hunt.ts [NAME…]`. In the base profile
 * first, then in a storm, within 2,000 seeds each.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'

interface Caught {
  readonly profile: string
  readonly seed: number
  readonly violation: string
}

const FOLDER = new URL('./', import.meta.url)
const TABLE = new URL('caught.json', FOLDER)
const SEEDS = 2_000

const asked = process.argv.slice(2)
const names = readdirSync(FOLDER).filter(
  (name) => name.endsWith('.patch') && (asked.length === 0 || asked.some((part) => name.includes(part))),
)

const hunt = (name: string, profile: string): Caught | undefined => {
  const script = new URL('play-mutant.ts', FOLDER).pathname
  const args = [script, new URL(name, FOLDER).pathname, '--profile', profile, '--seeds', String(SEEDS)]
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  if (status === 0) return JSON.parse(stdout) as Caught
  if (stderr.includes('Error')) throw new Error(`${name}: ${stderr}`)
  return undefined
}

const readTable = (): Record<string, Caught> =>
  existsSync(TABLE) ? (JSON.parse(readFileSync(TABLE, 'utf8')) as Record<string, Caught>) : {}

for (const name of names) {
  const caught = hunt(name, 'base') ?? hunt(name, 'storm')
  const { [name]: _old, ...others } = readTable()
  const table = caught ? { ...others, [name]: caught } : others
  const sorted = Object.fromEntries(Object.entries(table).toSorted(([a], [b]) => (a < b ? -1 : 1)))
  writeFileSync(TABLE, `${JSON.stringify(sorted, null, 2)}\n`)
  console.log(
    `${name}: ${caught ? `${caught.profile} ${caught.seed}: ${caught.violation}` : `not caught within ${SEEDS} seeds`}`,
  )
}

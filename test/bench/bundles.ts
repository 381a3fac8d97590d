// npm run bundle:measure: how long each function's bundle takes to import with Node's compile cache, the functions framework
// included; medians of ten.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { FUNCTIONS } from '../../.ci/bundle.ts'

const ROUNDS = 10
const MOST_MS = 300
const dist = fileURLToPath(new URL('../../dist/functions', import.meta.url))
const cache = mkdtempSync(join(tmpdir(), 'convergence-compile-cache-'))

const PROGRAM = `
const began = performance.now()
await import(process.argv[1])
console.log(performance.now() - began)
process.reallyExit(0)`
// The cache is written at an ordinary exit only.
const FILL = `await import(process.argv[1]); (await import('node:module')).flushCompileCache(); process.reallyExit(0)`

const run = (program: string, module: string): number =>
  Number(
    execFileSync(process.execPath, ['--input-type=module', '-e', program, pathToFileURL(module).href], {
      env: { ...process.env, NODE_COMPILE_CACHE: cache, NODE_ENV: 'production' },
      encoding: 'utf8',
    }),
  )

const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2
}

let slow = 0
try {
  for (const name of FUNCTIONS) {
    const module = join(dist, name, 'index.js')
    if (!existsSync(module)) throw new Error(`${module} is not there: make it with npm run bundle`)
    run(FILL, module)
    const ms = median(Array.from({ length: ROUNDS }, () => run(PROGRAM, module)))
    if (ms >= MOST_MS) slow++
    console.log(`${name.padEnd(12)} ${ms.toFixed(0).padStart(4)} ms`)
  }
} finally {
  rmSync(cache, { recursive: true, force: true })
}
process.exitCode = slow === 0 ? 0 : 1

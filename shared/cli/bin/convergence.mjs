#!/usr/bin/env node
// Plain JavaScript: it starts on whatever Node >= 20 runs it, then starts itself again on the packaged Node 24.
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

// node:sqlite still announces itself as experimental. The flag also marks the process that was handed over to.
const handedOver = '--disable-warning=ExperimentalWarning'
// Bodies that pass through buffers let V8 collect its whole heap every ten megabytes or so; in proportion to the heap it is a tenth of that.
const tuning = ['--external-memory-accounted-in-global-limit']

if (process.execArgv.includes(handedOver)) {
  dieWithParent()
  await import('../main.ts')
} else {
  handOver(packagedNode())
}

/** SIGKILL cannot be forwarded; the end of the channel is its trace. Native threads could delay an ordinary exit. */
function dieWithParent() {
  if (!process.channel) return
  process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'))
  process.channel.unref()
}

function packagedNode() {
  const require = createRequire(import.meta.url)
  try {
    const manifest = require.resolve('node/package.json')
    const node = join(dirname(manifest), JSON.parse(readFileSync(manifest, 'utf8')).bin.node)
    if (existsSync(node)) return node
  } catch {
    // Not installed: the message below says what to do.
  }
  return fail('Node 24, which comes with the packages, is missing: run npm ci (without --ignore-scripts).')
}

// Sources that were stripped of their types and compiled before need not be again: it saves a third of the start, here and in children.
// It stands where the code stands: what may write there may change the code as well.
function compileCache(node) {
  return join(dirname(node), '..', '..', '.cache', 'convergence-compile')
}

function handOver(node) {
  const child = spawn(node, [handedOver, ...tuning, fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    // libuv's default of 4 threads is too few for file work beside DuckDB and polars, which take from the same pool.
    env: { UV_THREADPOOL_SIZE: '16', NODE_COMPILE_CACHE: compileCache(node), ...process.env },
  })
  child.on('error', (error) => fail(`Node 24 did not start (${error.message}): run npm ci.`))
  // It tells how it ended before it kills itself: see main.ts.
  let told
  child.on('message', (message) => (told = message.exitCode))
  child.on('exit', (code, signal) => (process.exitCode = told ?? code ?? 128 + constants.signals[signal]))
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  // A terminal sends Ctrl-C to the child as well; forwarded, it would look like a second one.
  process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'))
}

function fail(message) {
  process.stderr.write(`convergence: ${message}\n`)
  process.exit(1)
}

import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openEmbedded } from '@convergence/cli/embedded.ts'
import { projectAt } from '@convergence/cli/project.ts'
import { afterAll, describe, expect, it } from 'vitest'

/**
 * `kill -9` of the real command at five places of a run: the next start finishes what was under way, and every row of the source is in
 * the table once. The place is the first line of the log that says so.
 */
const FILES = 10
const ROWS = 400
const PLACES = {
  'while it is planned': /"to":"RUNNING"/,
  'while chunks are read': /"message":"chunk done"/,
  'when it may publish': /"step":"lines","from":"RUNNING","to":"PUBLISHING"/,
  'after its rows became visible': /"step":"lines","from":"PUBLISHING","to":"SUCCEEDED"/,
  'while the transform publishes': /"step":"sums","from":"RUNNING","to":"PUBLISHING"/,
}
const COMMAND = join(import.meta.dirname, '../../shared/cli/bin/convergence.mjs')

const roots: string[] = []
afterAll(() => roots.forEach((root) => rmSync(root, { recursive: true, force: true })))

const makeProject = async (): Promise<string> => {
  const root = mkdtempSync(join(tmpdir(), 'convergence-kill-'))
  roots.push(root)
  const write = (path: string, text: string): void => {
    mkdirSync(join(root, path, '..'), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  write('configs/_platform/tenants/acme.yml', 'buckets: [{ bucket: drops }]\n')
  write('configs/acme/tenant.yml', 'timezone: UTC\n')
  write(
    'configs/acme/sources/files.yml',
    'source_id: files\ntype: object_storage\nbucket: drops\nfiles: { lines: { glob: "lines/*.csv", format: csv } }\n',
  )
  write(
    'configs/acme/pipelines/daily.yml',
    `pipeline_id: daily
on_upload: { bucket: drops, glob: "go" }
steps:
  - { step_id: lines, type: ingest, source: files.lines, load: { dataset: raw, table: lines, strategy: append } }
  - { step_id: sums, type: transform, sql: silver/sums, load: { dataset: silver, table: sums, strategy: append } }
`,
  )
  write('sql/silver/sums.sql', 'SELECT file, COUNT(*) AS n, SUM(amount) AS amount FROM {{ raw.lines }} GROUP BY file\n')
  for (let file = 0; file < FILES; file++) {
    const rows = Array.from(
      { length: ROWS },
      (_, row) => `${file},${file * ROWS + row},${row}.${String(file).padStart(2, '0')}`,
    )
    write(`.convergence/buckets/drops/lines/${file}.csv`, `file,id,amount\n${rows.join('\n')}\n`)
  }
  await start(root, ['tenant', 'create', 'acme']).ended
  return root
}

interface Ended {
  readonly code: number | null
  readonly out: string
}

const start = (root: string, args: readonly string[]): { child: ChildProcess; ended: Promise<Ended> } => {
  // Lanes of their own: chunk after chunk, so that a kill falls between them.
  const env = { ...process.env, CONVERGENCE_LANES: '2', CONVERGENCE_LOG_LEVEL: 'debug' }
  const child = spawn(process.execPath, [COMMAND, ...args, '--project', root], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let out = ''
  child.stdout?.on('data', (bytes: Buffer) => (out += bytes.toString()))
  child.stderr?.on('data', (bytes: Buffer) => (out += bytes.toString()))
  return { child, ended: new Promise((resolve) => child.on('exit', (code) => resolve({ code, out }))) }
}

const logOf = (root: string): string => {
  const path = join(root, '.convergence/logs/convergence.log')
  return existsSync(path) ? readFileSync(path, 'utf8') : ''
}

/** Resolves with true at the first log line that matches, with false when the process ends before. */
const reached = async (root: string, running: ReturnType<typeof start>, line: RegExp): Promise<boolean> => {
  let over = false
  void running.ended.then(() => (over = true))
  while (!line.test(logOf(root))) {
    if (over) return false
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  return true
}

const kill = async (root: string, running: ReturnType<typeof start>, line: RegExp): Promise<void> => {
  expect(await reached(root, running, line), 'the place was reached').toBe(true)
  running.child.kill('SIGKILL')
  await running.ended
}

const tables = async (root: string) => {
  const embedded = await openEmbedded(projectAt(root), {})
  try {
    const query = async (sql: string) => (await embedded.platform.query({ tenant: 'acme', sql, limit: 10 })).rows
    return {
      lines: await query('SELECT COUNT(*), COUNT(DISTINCT id), SUM(amount) FROM raw.lines'),
      sums: await query('SELECT COUNT(*), SUM(n), SUM(amount) FROM silver.sums'),
      runs: (await embedded.platform.listRuns({ tenant: 'acme', limit: 10 })).runs.map(({ status }) => status),
      receipts: (
        await embedded.platform.lookAtRun({
          runId: (await embedded.platform.listRuns({ tenant: 'acme', limit: 1 })).runs[0]?.run_id ?? '',
        })
      ).run.receipts.map(({ balanced, rows }) => [balanced, rows.inserted]),
    }
  } finally {
    await embedded.close()
  }
}

const total = String(FILES * ROWS)
// The sum of row.file over all files, in exact hundredths.
const cents = Array.from({ length: FILES }, (_, file) => (ROWS * (ROWS - 1) * 100) / 2 + ROWS * file).reduce(
  (a, b) => a + b,
)
const amount = `${Math.floor(cents / 100)}${
  cents % 100 === 0
    ? ''
    : `.${String(cents % 100)
        .padStart(2, '0')
        .replace(/0$/, '')}`
}`
const WHOLE = {
  lines: [[total, total, amount]],
  sums: [[String(FILES), total, amount]],
  runs: ['SUCCEEDED'],
  receipts: [
    [true, FILES * ROWS],
    [true, FILES],
  ],
}

describe('kill -9 of `convergence run`', () => {
  it.each(Object.entries(PLACES))('%s: the same command finishes the run, every row once', async (_, line) => {
    const root = await makeProject()
    await kill(root, start(root, ['run', 'acme/daily']), line)
    const again = await start(root, ['run', 'acme/daily']).ended
    expect([again.code, again.out]).toEqual([0, expect.any(String)])
    expect(await tables(root)).toEqual(WHOLE)
  })
})

describe('kill -9 of `convergence dev`', () => {
  it.each(Object.entries(PLACES))('%s: the next start finishes the run, every row once', async (_, line) => {
    const root = await makeProject()
    writeFileSync(join(root, '.convergence/buckets/drops/go'), 'now\n')
    await kill(root, start(root, ['dev', '--port', '0']), line)
    const next = start(root, ['dev', '--port', '0'])
    await reached(root, next, /"message":"run changed".*"to":"SUCCEEDED"/)
    next.child.kill('SIGTERM')
    const { code, out } = await next.ended
    expect([code, out]).toEqual([0, expect.any(String)])
    expect(await tables(root)).toEqual(WHOLE)
  })
})

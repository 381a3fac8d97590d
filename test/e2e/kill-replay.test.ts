import { spawn, type ChildProcess } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openEmbedded, type Embedded } from '@convergence/cli/embedded.ts'
import { projectAt } from '@convergence/cli/project.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

/**
 * `kill -9` of `convergence replay` at several places, and the same command again: every row is loaded once. One project is brought to
 * where there is something to replay, and each test has a copy of it.
 */
const FILES = 4
const ROWS = 50
const COMMAND = join(import.meta.dirname, '../../shared/cli/bin/convergence.mjs')
const HOOK_MS = 60_000

const PLACES = {
  'while it is planned': /"message":"run changed".*"to":"RUNNING"/,
  'when it may publish': /"step":"lines","from":"RUNNING","to":"PUBLISHING"/,
}

const folder = mkdtempSync(join(tmpdir(), 'convergence-kill-replay-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const write = (root: string, path: string, text: string): void => {
  mkdirSync(join(root, path, '..'), { recursive: true })
  writeFileSync(join(root, path), text)
}

/** One row of each file has no id: it is rejected while an id must be there. */
const schema = (root: string, mode: string): void =>
  write(
    root,
    'configs/acme/schemas/line.json',
    JSON.stringify([
      { name: 'file', type: 'INT64' },
      { name: 'id', type: 'INT64', mode },
    ]),
  )

const makeProject = async (root: string): Promise<void> => {
  write(root, 'configs/_platform/tenants/acme.yml', 'buckets: [{ bucket: drops }]\n')
  write(root, 'configs/acme/tenant.yml', 'timezone: UTC\n')
  write(
    root,
    'configs/acme/sources/files.yml',
    'source_id: files\ntype: object_storage\nbucket: drops\nfiles: { lines: { glob: "lines/*.csv", format: csv } }\n',
  )
  write(
    root,
    'configs/acme/pipelines/daily.yml',
    'pipeline_id: daily\nsteps:\n  - { step_id: lines, type: ingest, source: files.lines, load: { dataset: raw, table: lines, schema: line, strategy: append, max_rejected: 10% } }\n',
  )
  schema(root, 'REQUIRED')
  for (let file = 0; file < FILES; file++) {
    const rows = Array.from({ length: ROWS }, (_, row) => `${file},${row === 7 ? '' : file * ROWS + row}`)
    write(root, `.convergence/buckets/drops/lines/${file}.csv`, `file,id\n${rows.join('\n')}\n`)
  }
  await inside(root, ({ platform }) => platform.createTenant({ tenant: 'acme' }))
}

const copyOf = (root: string, name: string): string => {
  const copy = join(folder, name.replaceAll(' ', '-'))
  cpSync(root, copy, { recursive: true })
  rmSync(join(copy, '.convergence/logs'), { recursive: true, force: true })
  return copy
}

interface Started {
  readonly child: ChildProcess
  readonly ended: Promise<{ readonly code: number | null; readonly out: string }>
}

const start = (root: string, args: readonly string[]): Started => {
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

const killAt = async (root: string, args: readonly string[], line: RegExp): Promise<void> => {
  const running = start(root, args)
  const log = join(root, '.convergence/logs/convergence.log')
  let over = false
  void running.ended.then(() => (over = true))
  while (!existsSync(log) || !line.test(readFileSync(log, 'utf8'))) {
    if (over) throw new Error(`it ended before: ${(await running.ended).out}`)
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  running.child.kill('SIGKILL')
  await running.ended
}

/** A killed command's own process dies a moment after it, and holds the project until then. */
const open = async (root: string): Promise<Embedded> => {
  for (;;) {
    try {
      return await openEmbedded(projectAt(root), {})
    } catch (error) {
      if ((error as { code?: string }).code !== 'CONFLICT') throw error
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
}

/** In this process: starting one more takes longer. */
const inside = async <T>(root: string, use: (embedded: Embedded) => Promise<T>): Promise<T> => {
  const embedded = await open(root)
  try {
    return await use(embedded)
  } finally {
    await embedded.close()
  }
}

const runsOf = async ({ platform }: Embedded) => (await platform.listRuns({ tenant: 'acme', limit: 10 })).runs

/** What stands in the tables, and the runs, the newest first. */
const look = (root: string) =>
  inside(root, async (embedded) => {
    const query = async (sql: string) => (await embedded.platform.query({ tenant: 'acme', sql, limit: 10 })).rows
    return {
      lines: await query('SELECT COUNT(*), COUNT(DISTINCT id) FROM raw.lines'),
      quarantine: await query('SELECT COUNT(*) FROM quarantine.rejected_rows'),
      runs: (await runsOf(embedded)).map(({ status }) => status),
    }
  })

const newestRun = (root: string): Promise<string> =>
  inside(root, async (embedded) => (await runsOf(embedded))[0]?.run_id ?? '')

const count = (rows: number): string => String(rows)
const GOOD = FILES * (ROWS - 1)

describe('kill -9 of `convergence replay RUN --quarantined`', () => {
  const root = join(folder, 'loaded')
  let runId = ''
  beforeAll(async () => {
    await makeProject(root)
    await start(root, ['run', 'acme/daily']).ended
    runId = await newestRun(root)
    schema(root, 'NULLABLE')
  }, HOOK_MS)

  it.each(Object.entries(PLACES))(
    '%s: the same command loads the rows once',
    async (name, line) => {
      const copy = copyOf(root, `quarantined ${name}`)
      const args = ['replay', runId, '--quarantined']
      await killAt(copy, args, line)
      const again = await start(copy, args).ended
      expect([again.code, again.out]).toEqual([0, expect.stringContaining('was replayed before')])
      expect(await look(copy)).toEqual({
        lines: [[count(FILES * ROWS), count(GOOD)]],
        quarantine: [['0']],
        runs: ['SUCCEEDED', 'SUCCEEDED'],
      })
    },
    HOOK_MS,
  )
})

describe('kill -9 of `convergence replay RUN`', () => {
  // Not of a copy: its files would be others than those that were planned, and be read anew.
  const root = join(folder, 'cancelled')
  let runId = ''
  beforeAll(async () => {
    await makeProject(root)
    await killAt(root, ['run', 'acme/daily'], /"message":"chunk done"/)
    runId = await newestRun(root)
    await start(root, ['cancel', runId]).ended
    rmSync(join(root, '.convergence/logs'), { recursive: true })
  }, HOOK_MS)

  it(
    'while it is planned: the same command does the rest once',
    async () => {
      await killAt(root, ['replay', runId], PLACES['while it is planned'])
      // As a process leaves it that is killed while it types rows.
      write(root, '.convergence/temporary/convergence-process-killed/input.csv', 'a')
      const again = await start(root, ['replay', runId]).ended
      expect([again.code, again.out]).toEqual([0, expect.stringContaining('was replayed before')])
      expect(await look(root)).toEqual({
        lines: [[count(GOOD), count(GOOD)]],
        quarantine: [[count(FILES)]],
        runs: ['SUCCEEDED', 'CANCELLED'],
      })
      expect(readdirSync(join(root, '.convergence/temporary'))).toEqual([])
    },
    HOOK_MS,
  )
})

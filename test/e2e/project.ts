import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { runCli } from '@convergence/cli/run-cli.ts'
import { testIo } from '@convergence/cli/testing/test-io.ts'

/** What a command printed, and its exit code. */
export interface Outcome {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** A project folder of its own, which `convergence dev` serves: commands beside it need not open the platform again. */
export interface TestProject {
  readonly root: string
  command(...argv: string[]): Promise<Outcome>
  /** A tenant with the operator's file as it is given. */
  tenant(id: string, operator?: string): Promise<TestTenant>
  /** All that was logged. */
  logged(): string
  close(): Promise<void>
}

export interface TestTenant {
  readonly id: string
  /** Writes below `configs/{tenant}/`. */
  write(path: string, text: string): void
  /** Writes below `sql/{tenant}/`. */
  sql(path: string, text: string): void
  secret(name: string, value: string, mode?: number): void
  /** Puts an object into the tenant's bucket. */
  upload(name: string, bytes: string | Uint8Array): void
  run(pipeline: string, ...options: string[]): Promise<Outcome>
  /** Rows as objects; a table that is not there is told as the text. */
  query(sql: string): Promise<Record<string, unknown>[] | string>
}

export const openProject = async (): Promise<TestProject> => {
  const root = mkdtempSync(join(tmpdir(), 'convergence-bad-'))
  mkdirSync(join(root, 'configs'))
  const command = async (...argv: string[]): Promise<Outcome> => {
    const io = testIo({ cwd: root, columns: 120 })
    const code = await runCli(argv, io)
    return { code, out: io.out(), err: io.err() }
  }
  const dev = await startDev(root)
  return {
    root,
    command,
    tenant: (id, operator) => makeTenant({ root, command }, id, operator),
    logged: () => readFileSync(join(root, '.convergence/logs/convergence.log'), 'utf8'),
    close: async () => {
      await dev.stop()
      rmSync(root, { recursive: true, force: true })
    },
  }
}

const startDev = async (root: string): Promise<{ stop(): Promise<void> }> => {
  let isUp: () => void = () => {}
  const up = new Promise<void>((resolve) => (isUp = resolve))
  const io = testIo({ cwd: root })
  const watched = {
    ...io,
    write: (text: string) => {
      io.write(text)
      if (io.out().includes('Convergence is at')) isUp()
    },
  }
  const ended = runCli(['dev', '--port', '0'], watched)
  await Promise.race([up, ended])
  return {
    stop: async () => {
      io.signal('SIGINT')
      await ended
    },
  }
}

const makeTenant = async (
  { root, command }: Pick<TestProject, 'root' | 'command'>,
  id: string,
  operator = '',
): Promise<TestTenant> => {
  const write = (path: string, data: string | Uint8Array): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), data)
  }
  write(`configs/_platform/tenants/${id}.yml`, `buckets: [{ bucket: ${id}-uploads }]\n${operator}`)
  write(`configs/${id}/tenant.yml`, 'timezone: UTC\n')
  const created = await command('tenant', 'create', id)
  if (created.code !== 0) throw new Error(created.err)
  return {
    id,
    write: (path, text) => write(`configs/${id}/${path}`, text),
    sql: (path, text) => write(`sql/${id}/${path}`, text),
    secret: (name, value, mode = 0o600) => {
      const path = `configs/${id}/secrets/${name}.txt`
      write(path, value)
      chmodSync(join(root, path), mode)
    },
    upload: (name, bytes) => write(`.convergence/buckets/${id}-uploads/${name}`, bytes),
    run: (pipeline, ...options) => command('run', `${id}/${pipeline}`, ...options),
    query: async (sql) => {
      const { code, out, err } = await command('query', id, sql, '--json')
      return code === 0 ? (JSON.parse(out) as { rows: Record<string, unknown>[] }).rows : err
    },
  }
}

/** Why a run failed, as it is told; throws when it did not fail as a run should: exit code 1, FAILED, one reason, no stack. */
export const reasonOf = ({ code, out, err }: Outcome): string => {
  const [, reason] = /^Reason: (.*)$/m.exec(out) ?? []
  const isTold = code === 1 && err === '' && / FAILED in /.test(out) && !/^\s+at .*:\d+:\d+\)?$/m.test(out)
  if (reason === undefined || !isTold) throw new Error(`no run that failed as it should: exit ${code}\n${out}${err}`)
  return reason
}

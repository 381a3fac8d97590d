import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { freePort } from '../integration/servers/server.ts'

/** A function in the functions framework's own process, as Cloud Run starts it. */
export interface Framework {
  readonly url: string
  readonly child: ChildProcess
  /** Lines of its log that are JSON. */
  readonly lines: () => Record<string, unknown>[]
  /** What the fixture told, and what it has told since the last call. */
  readonly told: () => unknown[]
  readonly exited: Promise<number | null>
  readonly stop: () => Promise<void>
}

const main = createRequire(import.meta.url).resolve('@google-cloud/functions-framework')

export const startFramework = async (
  source: string,
  target: string,
  environment: Record<string, string>,
  port?: number,
): Promise<Framework> => startOn(port ?? (await freePort()), source, target, environment)

const startOn = async (
  port: number,
  source: string,
  target: string,
  environment: Record<string, string>,
): Promise<Framework> => {
  const child = fork(
    fileURLToPath(new URL('main.js', `file://${main}`)),
    [`--source=${source}`, `--target=${target}`, `--port=${port}`],
    {
      env: { PATH: process.env['PATH'], METADATA_SERVER_DETECTION: 'none', ...environment },
      execArgv: ['--disable-warning=ExperimentalWarning'],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    },
  )
  let [output, told]: [string, unknown[]] = ['', []]
  child.stdout?.on('data', (text: Buffer) => (output += text.toString()))
  child.stderr?.on('data', (text: Buffer) => (output += text.toString()))
  child.on('message', (message) => told.push(message))
  const exited = once(child, 'exit').then(([code]) => code as number | null)
  while (!output.includes(`http://localhost:${port}/`)) {
    if (child.exitCode !== null) throw new Error(`the functions framework does not start:\n${output}`)
    await Promise.race([once(child.stdout!, 'data'), exited])
  }
  return {
    url: `http://127.0.0.1:${port}`,
    child,
    lines: () =>
      output.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as Record<string, unknown>] : [])),
    told: () => told.splice(0),
    exited,
    stop: async () => {
      child.kill('SIGKILL')
      await exited
    },
  }
}

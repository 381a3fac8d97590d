import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'

export interface Server {
  readonly port: number
  readonly stop: () => Promise<void>
}

export interface ServerProcess {
  readonly name: string
  readonly file: string
  readonly args: readonly string[]
  readonly env?: Record<string, string>
  readonly port: number
  /** True once the server gives the answer that it should, not just any. */
  readonly isReady: (origin: string) => Promise<boolean>
  readonly startMs?: number
}

const LOOK_MS = 50

/** Starts a server and waits until it answers rightly. It ends with this process, however that ends. */
export const startServer = async (server: ServerProcess): Promise<Server> => {
  // The kernel kills it when this process dies, even by SIGKILL.
  const [file, ...args] =
    process.platform === 'linux'
      ? ['setpriv', '--pdeathsig', 'KILL', server.file, ...server.args]
      : [server.file, ...server.args]
  const child = spawn(file as string, args, {
    env: { ...process.env, ...server.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let words = ''
  const hear = (text: Buffer): void => {
    words = (words + text.toString()).slice(-4_000)
  }
  child.stdout.on('data', hear)
  child.stderr.on('data', hear)
  let failure: string | undefined
  child.once('error', (error) => (failure = error.message))
  child.once('exit', (code, signal) => (failure ??= `it ended by ${signal ?? `code ${code}`}`))
  const { startMs = 30_000 } = server
  const origin = `http://127.0.0.1:${server.port}`
  for (let waited = 0; ; waited += LOOK_MS) {
    if (failure === undefined && waited > startMs) failure = `no right answer within ${startMs} ms`
    if (failure !== undefined) {
      await end(child)
      throw new Error(`${server.name} does not start: ${failure}\n${words}`)
    }
    if (await answers(server, origin)) break
    await wait(LOOK_MS)
  }
  return { port: server.port, stop: () => end(child) }
}

const answers = async ({ isReady }: ServerProcess, origin: string): Promise<boolean> => {
  try {
    return await isReady(origin)
  } catch {
    return false
  }
}

const end = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}

/** Free at the time of asking. */
export const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** The JSON that answers with 200; undefined for any other. */
export const okJson = async (url: string): Promise<Record<string, unknown> | undefined> => {
  const answer = await fetch(url, { signal: AbortSignal.timeout(5_000) })
  const text = await answer.text()
  return answer.status === 200 ? (JSON.parse(text) as Record<string, unknown>) : undefined
}

/** `{ port: 1 }` as `['--port', '1']`. */
export const flags = (dashes: '-' | '--', values: Readonly<Record<string, string | number>>): string[] =>
  Object.entries(values).flatMap(([name, value]) => [dashes + name, String(value)])

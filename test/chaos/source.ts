import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { within } from './within.ts'

const START_MS = 20_000

/** The HTTP source's process; its port stays the same when it is started again. */
export class Source {
  readonly #seed: number
  #child: ChildProcess | undefined
  port = 0

  constructor(seed: number) {
    this.#seed = seed
  }

  async start(): Promise<void> {
    const child = fork(fileURLToPath(new URL('source-server.ts', import.meta.url)), [`${this.#seed}`, `${this.port}`], {
      execArgv: [],
    })
    this.#child = child
    const [port] = (await within(START_MS, 'the source to listen', once(child, 'message'))) as [number]
    this.port = port
  }

  /** It kills itself in the middle of an answer, so many answers from now; resolves when it is dead. */
  async dieAfter(answers: number): Promise<void> {
    const child = this.#child
    if (!child?.connected) return
    const exited = once(child, 'exit')
    child.send({ dieAfter: answers })
    await exited
  }

  /** SIGKILL; resolves when it is dead. */
  async kill(): Promise<void> {
    const child = this.#child
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
  }
}

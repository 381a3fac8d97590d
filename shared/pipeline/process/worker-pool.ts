import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import {
  DataRejectedError,
  InternalError,
  InvalidConfigError,
  PlatformError,
  UnavailableError,
} from '@convergence/core/errors.ts'
import type { Job, JobAnswer } from './job.ts'

type Done = Extract<JobAnswer, { outcome: 'done' }>

export interface WorkerPoolOptions {
  /** Children at a time. */
  readonly size: number
  /** Threads of polars in each. */
  readonly threads: number
  /** Module of the child; a bundle has its own beside it. */
  readonly worker?: string | undefined
}

/** Child processes that are used again; one that died is replaced when the next job wants it. */
export class WorkerPool {
  readonly #options: WorkerPoolOptions
  readonly #idle: ChildProcess[] = []
  readonly #all = new Set<ChildProcess>()
  readonly #waiting: (() => void)[] = []
  #busy = 0
  #closed = false

  constructor(options: WorkerPoolOptions) {
    this.#options = options
  }

  /** A job would begin at once. */
  get hasIdle(): boolean {
    return this.#busy < this.#options.size
  }

  /** Runs a job in a free child. `what` names the input in errors. Throws UnavailableError when the child dies of it. */
  async run(job: Job, what: string): Promise<Done> {
    await this.#enter()
    try {
      const child = this.#take()
      const answer = await ask(child, job, what)
      this.#idle.push(child)
      if (answer.outcome === 'failed') throw thrownBy(answer)
      return answer
    } finally {
      this.#busy--
      this.#waiting.shift()?.()
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const wake of this.#waiting.splice(0)) wake()
    await Promise.all([...this.#all].map(end))
  }

  async #enter(): Promise<void> {
    while (!this.#closed && this.#busy >= this.#options.size)
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    if (this.#closed) throw new UnavailableError('the processor is closed')
    this.#busy++
  }

  #take(): ChildProcess {
    for (let child = this.#idle.pop(); child; child = this.#idle.pop()) if (child.connected) return child
    const child = fork(this.#options.worker ?? fileURLToPath(new URL('worker.ts', import.meta.url)), [], {
      execArgv: [],
      env: {
        ...process.env,
        POLARS_MAX_THREADS: String(this.#options.threads),
        UV_THREADPOOL_SIZE: '8',
        NODE_OPTIONS: '',
      },
      // What a dying polars prints is kept for the error, and never mixes with what a command prints.
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    this.#all.add(child)
    child.once('exit', () => this.#all.delete(child))
    return child
  }
}

const LAST_WORDS = 2000

const ask = (child: ChildProcess, job: Job, what: string): Promise<JobAnswer> =>
  new Promise((resolve, reject) => {
    let words = ''
    const hear = (text: Buffer): void => {
      words = (words + text.toString()).slice(0, LAST_WORDS)
    }
    const done = (answer: JobAnswer): void => {
      leave()
      resolve(answer)
    }
    const died = (code: number | null, signal: string | null): void => {
      leave()
      const reason = /panicked at [^\n]*\n([^\n]+)/.exec(words)?.[1]
      const details = { code, signal, words }
      reject(
        new UnavailableError(
          `${what}: the process that reads it ended by ${signal ?? `code ${code}`}${reason ? ` (${reason})` : ''}; it is tried again in a new one`,
          { details },
        ),
      )
    }
    const failed = (error: Error): void => {
      leave()
      child.kill('SIGKILL')
      reject(
        new UnavailableError(`${what}: the process that reads it could not be reached: ${error.message}`, {
          cause: error,
        }),
      )
    }
    const leave = (): void => {
      child.off('message', done).off('exit', died).off('error', failed)
      child.stderr?.off('data', hear)
    }
    child.on('message', done).once('exit', died).once('error', failed)
    child.stderr?.on('data', hear)
    child.send(job, (error) => error && failed(error))
  })

const thrownBy = (answer: Extract<JobAnswer, { outcome: 'failed' }>): PlatformError => {
  const { code, message, details } = answer
  if (code === 'DATA_REJECTED') return new DataRejectedError(message, { details })
  if (code === 'INVALID_CONFIG') return new InvalidConfigError(message, { details })
  return new InternalError(message, { details })
}

const end = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}

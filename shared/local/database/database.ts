import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { UnavailableError } from '@convergence/core/errors.ts'
import { fromSqliteError } from '../errors.ts'
import { BlobIndex } from './blob-index.ts'
import type { OperationInput, OperationName, OperationOutput } from './operations.ts'
import { Signal } from './signal.ts'
import type { FromWorker, NumberedCall, ToWorker } from './worker.ts'

interface Waiting {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
}

/**
 * The state file, owned by one worker thread that commits many operations at once: a call is answered after its commit is on the
 * disk, and the caller's loop never waits for it. One LocalDatabase a file.
 */
export class LocalDatabase {
  /** Raised when a message or task is on its way into the file. */
  readonly enqueued = new Signal()
  readonly path: string
  readonly #worker: Worker
  readonly #waiting = new Map<number, Waiting>()
  #unsent: NumberedCall[] = []
  #nextId = 1
  #closed: Error | undefined
  #index: BlobIndex | undefined

  private constructor(path: string, worker: Worker) {
    this.path = path
    this.#worker = worker
    worker.on('message', (message: FromWorker) => this.#receive(message))
    worker.on('error', (error) => this.#fail(error))
    worker.on('exit', () => this.#fail(new Error('its thread ended')))
    worker.unref()
  }

  /** Creates the file, or brings it to the newest format. Throws when it is damaged, from a newer version, or cannot be written. */
  static async open(path: string): Promise<LocalDatabase> {
    await mkdir(dirname(path), { recursive: true })
    const worker = new Worker(new URL('worker.ts', import.meta.url), {
      workerData: { path },
      execArgv: ['--disable-warning=ExperimentalWarning'],
    })
    const [message] = (await once(worker, 'message')) as [FromWorker]
    if (message.type === 'failed') throw fromSqliteError(message.error, path)
    return new LocalDatabase(path, worker)
  }

  /** Runs an operation in a transaction; resolves when it is durable. */
  call<N extends OperationName>(operation: N, input: OperationInput<N>): Promise<OperationOutput<N>> {
    if (this.#closed) return Promise.reject(this.#closed)
    return new Promise<OperationOutput<N>>((resolve, reject) => {
      const id = this.#nextId++
      if (this.#waiting.size === 0) this.#worker.ref()
      this.#waiting.set(id, { resolve: resolve as (value: unknown) => void, reject })
      if (this.#unsent.length === 0) queueMicrotask(() => this.#send())
      this.#unsent.push({ id, operation, input })
    })
  }

  /** The blob of an object, read at once on a connection of its own: for callers that cannot wait. It blocks for microseconds. */
  blobNow(bucket: string, name: string): string | undefined {
    this.#index ??= new BlobIndex(this.path)
    return this.#index.find(bucket, name)
  }

  /** Waits for the calls under way; further ones are refused. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#send()
    this.#closed = new UnavailableError(`${this.path} is closed`)
    this.#index?.close()
    const exited = new Promise((resolve) => this.#worker.once('exit', resolve))
    this.#worker.ref()
    this.#worker.postMessage({ type: 'close' } satisfies ToWorker)
    await exited
  }

  #send(): void {
    if (this.#unsent.length === 0) return
    const calls = this.#unsent
    this.#unsent = []
    this.#worker.postMessage({ type: 'calls', calls } satisfies ToWorker)
  }

  #receive(message: FromWorker): void {
    if (message.type !== 'outcomes') return
    for (const { id, outcome } of message.outcomes) {
      const waiting = this.#waiting.get(id)
      this.#waiting.delete(id)
      if ('error' in outcome) waiting?.reject(fromSqliteError(outcome.error, this.path))
      else waiting?.resolve(outcome.value)
    }
    if (this.#waiting.size === 0 && !this.#closed) this.#worker.unref()
  }

  #fail(cause: Error): void {
    this.#closed ??= new UnavailableError(`${this.path} cannot be used any more: ${cause.message}`, { cause })
    for (const { reject } of this.#waiting.values()) reject(this.#closed)
    this.#waiting.clear()
  }
}

import type { FSWatcher } from 'node:fs'
import { watch } from 'node:fs'
import { lstat, mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { bucketName } from '@convergence/core/config/bucket-name.ts'
import { ForbiddenError, toPlatformError } from '@convergence/core/errors.ts'
import type { UploadEvent } from '@convergence/core/messages.ts'
import { MESSAGE } from '@convergence/core/messages.ts'
import type { Clock } from '@convergence/core/ports/clock.ts'
import type { Log } from '@convergence/core/ports/log.ts'
import type { ObjectMeta, ObjectStore } from '@convergence/core/ports/object-store.ts'
import type { Random } from '@convergence/core/ports/random.ts'
import type { LocalDatabase } from './database/database.ts'
import { topicChannel } from './delivery/channel.ts'
import type { Timer } from './delivery/timer.ts'
import { systemTimer } from './delivery/timer.ts'
import { generationOf } from './objects/folder-bucket.ts'
import { isObjectName } from './objects/folder-name.ts'
import { listNames } from './objects/list-names.ts'

export interface UploadWatcherOptions {
  readonly database: LocalDatabase
  readonly objects: ObjectStore
  /** With a folder for each bucket. */
  readonly folder: string
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly timer?: Timer
  /** A file that stays as it is for so long is finished. */
  readonly stableMs?: number
  /** All files are looked at again, because the system's notices of changes may get lost. */
  readonly scanEveryMs?: number
}

interface Candidate {
  readonly bucket: string
  readonly name: string
}

const keyOf = ({ bucket, name }: Candidate) => `${bucket}/${name}`
const BATCH = 500

/** Publishes `object.finalized` for files that people drop into the buckets' folders: once for each generation, when it stopped changing. */
export class UploadWatcher {
  readonly #options: UploadWatcherOptions
  readonly #timer: Timer
  readonly #stableMs: number
  readonly #scanEveryMs: number
  /** Generation that each file was announced with, as far as it was looked up. */
  readonly #announced = new Map<string, string>()
  readonly #growing = new Map<string, Candidate & { readonly generation: string; readonly sinceMs: number }>()
  #watcher: FSWatcher | undefined
  #work: Promise<void> = Promise.resolve()
  #cancelScan = () => {}
  #cancelLook: (() => void) | undefined
  #stopped = false

  constructor(options: UploadWatcherOptions) {
    this.#options = options
    this.#timer = options.timer ?? systemTimer
    this.#stableMs = options.stableMs ?? 1_000
    this.#scanEveryMs = options.scanEveryMs ?? 15_000
  }

  /** Resolves when changes are noticed; what is there already is announced soon after. */
  async start(): Promise<void> {
    const { folder, log } = this.#options
    await mkdir(folder, { recursive: true })
    try {
      this.#watcher = watch(folder, { recursive: true }, (_, path) => path && this.#notice(path))
      this.#watcher.on('error', (error) => log.warn('changes of files are noticed late', { error: error.message }))
    } catch (error) {
      log.warn('changes of files are noticed late', { error: toPlatformError(error).message })
    }
    this.#scanAgain(0)
  }

  /** Resolves when the look under way is over. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#watcher?.close()
    this.#cancelScan()
    this.#cancelLook?.()
    await this.#work
  }

  /** Looks at all files now. */
  scan(): Promise<void> {
    return this.#inTurn(() => this.#scan())
  }

  #scanAgain(delayMs: number): void {
    this.#cancelScan = this.#timer(delayMs, () => {
      void this.scan().then(() => this.#stopped || this.#scanAgain(this.#scanEveryMs))
    })
  }

  #notice(path: string): void {
    const [bucket = '', ...rest] = path.split('/')
    const name = rest.join('/')
    if (!bucketName.safeParse(bucket).success || !isObjectName(name)) return
    void this.#inTurn(() => this.#look([{ bucket, name }]))
  }

  /** One look at a time; a look that fails is logged, and made good by the next scan. */
  #inTurn(look: () => Promise<void>): Promise<void> {
    this.#work = this.#work
      .then(() => (this.#stopped ? undefined : look()))
      .catch((error: unknown) => {
        this.#options.log.error('dropped files cannot be looked at', { error: toPlatformError(error).message })
      })
    return this.#work
  }

  async #scan(): Promise<void> {
    for (const entry of await readdir(this.#options.folder, { withFileTypes: true })) {
      const bucket = entry.name
      if (!entry.isDirectory() || !bucketName.safeParse(bucket).success) continue
      const names = await listNames(join(this.#options.folder, bucket), '')
      for (let at = 0; at < names.length; at += BATCH)
        await this.#look(names.slice(at, at + BATCH).map((name) => ({ bucket, name })))
    }
  }

  async #look(candidates: readonly Candidate[]): Promise<void> {
    const changed: Candidate[] = []
    for (const candidate of candidates) if (await this.#mayHaveChanged(candidate)) changed.push(candidate)
    const metas = (await Promise.all(changed.map((candidate) => this.#head(candidate)))).filter(
      (meta) => meta !== undefined,
    )
    if (metas.length === 0) return
    const keys = metas.map(({ bucket, name, generation }) => ({ bucket, name, generation }))
    const fresh = new Set((await this.#options.database.call('newUploads', keys)).map(keyOf))
    for (const meta of metas) {
      if (fresh.has(keyOf(meta))) await this.#lookAtNew(meta)
      else this.#announced.set(keyOf(meta), meta.generation)
    }
  }

  /** Cheaper than `head`, for the many files that stay as they are. */
  async #mayHaveChanged(candidate: Candidate): Promise<boolean> {
    const known = this.#announced.get(keyOf(candidate))
    if (known === undefined) return true
    try {
      const stats = await lstat(join(this.#options.folder, candidate.bucket, candidate.name), { bigint: true })
      return generationOf(stats) !== known
    } catch {
      // Gone, most likely: `head` tells.
      return true
    }
  }

  async #head(candidate: Candidate): Promise<ObjectMeta | undefined> {
    try {
      const meta = await this.#options.objects.head(candidate)
      if (meta === undefined) this.#forget(candidate)
      return meta
    } catch (error) {
      // A link out of the folder is no object.
      if (error instanceof ForbiddenError) return undefined
      throw error
    }
  }

  #forget(candidate: Candidate): void {
    this.#growing.delete(keyOf(candidate))
    this.#announced.delete(keyOf(candidate))
  }

  async #lookAtNew({ bucket, name, generation, size }: ObjectMeta): Promise<void> {
    const nowMs = this.#options.clock.nowMs()
    const key = keyOf({ bucket, name })
    const before = this.#growing.get(key)
    if (before?.generation !== generation) {
      this.#growing.set(key, { bucket, name, generation, sinceMs: nowMs })
      this.#lookAgain(this.#stableMs)
      return
    }
    const leftMs = before.sinceMs + this.#stableMs - nowMs
    if (leftMs > 0) {
      this.#lookAgain(leftMs)
      return
    }
    await this.#announce({ bucket, name, generation, size })
    this.#growing.delete(key)
    this.#announced.set(key, generation)
  }

  #lookAgain(delayMs: number): void {
    this.#cancelLook ??= this.#timer(delayMs, () => {
      this.#cancelLook = undefined
      void this.#inTurn(() => this.#look([...this.#growing.values()]))
    })
  }

  async #announce(upload: { bucket: string; name: string; generation: string; size: number }): Promise<void> {
    const { clock, database, log, random } = this.#options
    const event: UploadEvent = { ...MESSAGE, trace: random.hex(16), type: 'object.finalized', ...upload }
    const { bucket, name, generation } = upload
    const announced = database.call('announceUpload', {
      upload: { bucket, name, generation },
      channel: topicChannel('uploads'),
      payload: JSON.stringify(event),
      dueMs: clock.nowMs(),
    })
    database.enqueued.raise()
    if (await announced)
      log.info('a file was uploaded', { bucket, object: name, size: upload.size, trace: event.trace })
  }
}

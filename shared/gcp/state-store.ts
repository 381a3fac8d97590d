import { InternalError } from '@convergence/core/errors.ts'
import type { CasResult, StateEntry, StatePage, StateStore } from '@convergence/core/ports/state-store.ts'
import type { CloudStorageObjectStore } from './object-store.ts'
import { pageLimit } from './page.ts'

export interface CloudStorageStateStoreOptions {
  readonly objects: CloudStorageObjectStore
  readonly bucket: string
}

/** Before the keys: `_` begins no tenant's id, so that state and tenants' objects may share a bucket. */
const PREFIX = '_state/'
/** Documents of one page that are read at a time. */
const READ_AT_ONCE = 20

/** Documents as objects; a version is a generation, which Cloud Storage never uses twice for one name. */
export class CloudStorageStateStore implements StateStore {
  readonly #objects: CloudStorageObjectStore
  readonly #bucket: string

  constructor({ objects, bucket }: CloudStorageStateStoreOptions) {
    this.#objects = objects
    this.#bucket = bucket
  }

  async get<T>(key: string): Promise<StateEntry<T> | undefined> {
    const read = await this.#objects.readWhole(this.#ref(key))
    return read && { key, version: read.generation, value: JSON.parse(read.content.toString()) as T }
  }

  /** One's own write whose answer was lost is `written`, unless another has replaced it meanwhile. */
  async compareAndSet<T>(key: string, expected: string | null, value: T): Promise<CasResult<T>> {
    const put = await this.#objects.put(this.#ref(key), toBytes(key, value), {
      ifGeneration: expected,
      contentType: 'application/json',
    })
    if (put.outcome === 'written') return { outcome: 'written', version: put.meta.generation }
    return { outcome: 'conflict', current: await this.get<T>(key) }
  }

  delete(key: string, expected: string): Promise<boolean> {
    return this.#objects.delete(this.#ref(key), expected)
  }

  async list<T>(prefix: string, options: { pageToken?: string; limit?: number } = {}): Promise<StatePage<T>> {
    const limit = pageLimit(options.limit, 100)
    const page = await this.#objects.list(this.#bucket, PREFIX + prefix, { ...options, limit })
    const entries: StateEntry<T>[] = []
    for (let at = 0; at < page.objects.length; at += READ_AT_ONCE) {
      const some = page.objects.slice(at, at + READ_AT_ONCE)
      const read = await Promise.all(some.map(({ name }) => this.get<T>(name.slice(PREFIX.length))))
      // Deleted since the page was listed: not there any more.
      entries.push(...read.filter((entry) => entry !== undefined))
    }
    return { entries, ...(page.nextPageToken !== undefined && { nextPageToken: page.nextPageToken }) }
  }

  #ref(key: string) {
    return { bucket: this.#bucket, name: PREFIX + key }
  }
}

const toBytes = (key: string, value: unknown): Uint8Array => {
  const text = JSON.stringify(value) as string | undefined
  if (text === undefined) throw new InternalError(`the value of ${key} is not JSON`)
  return new TextEncoder().encode(text)
}

/**
 * Small documents with compare-and-set: runs, tenants, keys, cursors, ledgers, slots. Cloud Storage objects with generation
 * preconditions; node:sqlite embedded. Values are JSON; keys are `/`-separated and start with their kind (`runs/…`, `cursors/acme/…`).
 */
export interface StateEntry<T = unknown> {
  readonly key: string
  readonly value: T
  /** Opaque; changes with every write, is never used twice for one key. */
  readonly version: string
}

export type CasResult<T = unknown> =
  | { readonly outcome: 'written'; readonly version: string }
  /** Nothing was written; `current` is what stands there (undefined: nothing). */
  | { readonly outcome: 'conflict'; readonly current: StateEntry<T> | undefined }

export interface StatePage<T = unknown> {
  readonly entries: readonly StateEntry<T>[]
  readonly nextPageToken?: string | undefined
}

export interface StateStore {
  /** The entry, or undefined. Strongly consistent. Throws UnavailableError. */
  get<T = unknown>(key: string): Promise<StateEntry<T> | undefined>
  /**
   * Writes `value` if the entry's version is `expected` (null: if there is none). Durable when it answers.
   * After a lost answer, calling again may give a conflict with one's own write: compare `current`.
   */
  compareAndSet<T>(key: string, expected: string | null, value: T): Promise<CasResult<T>>
  /** Deletes the entry if its version is `expected`; true if it is gone (also when it was not there). */
  delete(key: string, expected: string): Promise<boolean>
  /** Entries whose key starts with `prefix`, in key order, at most `limit` (default 100, at most 1,000). Strongly consistent a page. */
  list<T = unknown>(prefix: string, options?: { pageToken?: string; limit?: number }): Promise<StatePage<T>>
}

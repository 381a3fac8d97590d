import { InternalError } from '@convergence/core/errors.ts'
import type { CasResult, StateEntry, StatePage, StateStore } from '@convergence/core/ports/state-store.ts'
import type { LocalDatabase } from './database/database.ts'
import type { StateRow } from './database/operations/state.ts'
import { nextPageToken, pageLimit, pageStart } from './page.ts'

const toEntry = <T>({ key, version, value }: StateRow): StateEntry<T> => ({
  key,
  version: String(version),
  value: JSON.parse(value) as T,
})

const toJson = (key: string, value: unknown): string => {
  const text = JSON.stringify(value) as string | undefined
  if (text === undefined) throw new InternalError(`the value of ${key} is not JSON`)
  return text
}

/** Documents as rows of the state file. */
export class SqliteStateStore implements StateStore {
  readonly #database: LocalDatabase

  constructor(database: LocalDatabase) {
    this.#database = database
  }

  async get<T>(key: string): Promise<StateEntry<T> | undefined> {
    const row = await this.#database.call('getState', key)
    return row && toEntry<T>(row)
  }

  async compareAndSet<T>(key: string, expected: string | null, value: T): Promise<CasResult<T>> {
    const result = await this.#database.call('setState', { key, expected, value: toJson(key, value) })
    if ('version' in result) return { outcome: 'written', version: String(result.version) }
    return { outcome: 'conflict', current: result.current && toEntry<T>(result.current) }
  }

  delete(key: string, expected: string): Promise<boolean> {
    return this.#database.call('deleteState', { key, expected })
  }

  async list<T>(prefix: string, options: { pageToken?: string; limit?: number } = {}): Promise<StatePage<T>> {
    const limit = pageLimit(options.limit, 100)
    const rows = await this.#database.call('listState', { prefix, after: pageStart(options.pageToken), limit })
    return {
      entries: rows.map((row) => toEntry<T>(row)),
      ...nextPageToken(
        rows.map(({ key }) => key),
        limit,
      ),
    }
  }
}

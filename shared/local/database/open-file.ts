import { statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { migrations } from './migrations.ts'

/** Pages; 16 MB. A backlog that is gone leaves its space in the file. */
const FREE_PAGES_TO_VACUUM = 4_096
const WAL_BYTES_KEPT = 16 * 1024 * 1024

const pragma = (database: DatabaseSync, name: string): number =>
  Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0] as number

const migrate = (database: DatabaseSync, path: string): void => {
  const version = pragma(database, 'user_version')
  if (version > migrations.length)
    throw new Error(
      `${path} was written by a newer version of Convergence (format ${version}, known ${migrations.length})`,
    )
  for (let next = version; next < migrations.length; next += 1) {
    database.exec(`BEGIN IMMEDIATE; ${migrations[next]!}; PRAGMA user_version = ${next + 1}; COMMIT`)
  }
}

/** SQLite's number for it. */
const CORRUPT = 11

/**
 * Behind what a killed process left in the WAL, SQLite does not see that the end of the file itself is missing: it would be noticed when
 * a run needs it, or never. A file that is shorter than its pages is whole if the WAL has the others.
 */
const requireWhole = (database: DatabaseSync, path: string): void => {
  if (statSync(path).size >= pragma(database, 'page_count') * pragma(database, 'page_size')) return
  const [verdict] = Object.values(database.prepare('PRAGMA quick_check(1)').get() ?? {})
  if (verdict !== 'ok') throw Object.assign(new Error('its end is missing'), { errcode: CORRUPT })
}

/** The state file, durable at each commit, in its newest format. */
export const openFile = (path: string): DatabaseSync => {
  const database = new DatabaseSync(path, { timeout: 5_000 })
  try {
    database.exec(
      `PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA journal_size_limit = ${WAL_BYTES_KEPT}; PRAGMA temp_store = MEMORY`,
    )
    requireWhole(database, path)
    migrate(database, path)
    const free = pragma(database, 'freelist_count')
    if (free > FREE_PAGES_TO_VACUUM && free * 2 > pragma(database, 'page_count')) database.exec('VACUUM')
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

import { rm } from 'node:fs/promises'
import { UnavailableError } from '@convergence/core/errors.ts'
import { DuckDBInstance } from '@duckdb/node-api'
import { isInvalidated } from './errors.ts'
import { Session } from './session.ts'
import { openingFailure, requireWhole } from './whole-file.ts'

export interface DatabaseOptions {
  readonly path: string
  /** Folder below which the parts are: besides its own files the only place that SQL can read. */
  readonly objectFolder: string
  /** Where sorts and joins spill to. */
  readonly tempDirectory: string
  /** `800MB`. DuckDB takes 100 to 270 MiB more than that. */
  readonly memoryLimit: string
  readonly threads: number
  /** Statements of every opening, for example CREATE OR REPLACE MACRO. */
  readonly setup: readonly string[]
}

/**
 * One DuckDB file, open once in this process. A failed checkpoint invalidates the whole database: then every session ends, and the file
 * is opened again; what had been committed is there.
 */
export class Database {
  readonly #options: DatabaseOptions
  /** Undefined: it must be opened again. */
  #instance: DuckDBInstance | undefined
  /** Is to be closed as soon as nobody uses it. */
  #invalid: DuckDBInstance | undefined
  readonly #sessions = new Set<Session>()
  readonly #waiting: (() => void)[] = []
  #reopening: Promise<void> | undefined
  #closed = false

  private constructor(options: DatabaseOptions, instance: DuckDBInstance) {
    this.#options = options
    this.#instance = instance
  }

  static async open(options: DatabaseOptions): Promise<Database> {
    return new Database(options, await openInstance(options))
  }

  /** Runs `work` on a connection of its own, which is closed afterwards: temporary tables go with it. */
  async withSession<Result>(work: (session: Session) => Promise<Result>): Promise<Result> {
    while (!this.#instance && !this.#closed) await this.#reopen()
    const instance = this.#instance
    if (!instance || this.#closed) throw new UnavailableError('the warehouse is closed')
    const session = new Session(instance)
    this.#sessions.add(session)
    try {
      return await work(session)
    } catch (error) {
      if (isInvalidated(error) && this.#instance === instance) {
        this.#instance = undefined
        this.#invalid = instance
      }
      throw error
    } finally {
      session.close()
      this.#sessions.delete(session)
      if (this.#sessions.size === 0) for (const wake of this.#waiting.splice(0)) wake()
    }
  }

  /** Statements that run now fail; what they did is rolled back. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    for (const session of this.#sessions) session.interrupt()
    await this.#idle()
    this.#instance?.closeSync()
    this.#invalid?.closeSync()
  }

  #reopen(): Promise<void> {
    const open = async (): Promise<void> => {
      // Two instances on one file would lose rows in silence: the old one must be gone first.
      await this.#idle()
      this.#invalid?.closeSync()
      this.#invalid = undefined
      this.#instance = await openInstance(this.#options)
    }
    this.#reopening ??= open().finally(() => {
      this.#reopening = undefined
    })
    return this.#reopening
  }

  #idle(): Promise<void> {
    return this.#sessions.size === 0 ? Promise.resolve() : new Promise((wake) => this.#waiting.push(wake))
  }
}

const quoteText = (text: string): string => `'${text.replaceAll("'", "''")}'`

const openInstance = async (options: DatabaseOptions): Promise<DuckDBInstance> => {
  try {
    return await openWhole(options)
  } catch (error) {
    throw openingFailure(error, options.path)
  }
}

const openWhole = async (options: DatabaseOptions): Promise<DuckDBInstance> => {
  // What a killed process left there is of no use to anybody.
  await rm(options.tempDirectory, { recursive: true, force: true })
  // The cache gives the same instance when one on this file is still alive in this process.
  const instance = await DuckDBInstance.fromCache(options.path, {
    memory_limit: options.memoryLimit,
    threads: String(options.threads),
    temp_directory: options.tempDirectory,
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    default_null_order: 'nulls_first_on_asc_last_on_desc',
    // The oldest whose files can hold macros with typed parameters.
    storage_compatibility_version: 'v1.4.0',
  })
  try {
    await setUp(instance, options)
    return instance
  } catch (error) {
    instance.closeSync()
    throw error
  }
}

const setUp = async (instance: DuckDBInstance, options: DatabaseOptions): Promise<void> => {
  const session = new Session(instance)
  try {
    if (await isLocked(session)) return
    await requireWhole(session, options.path)
    await session.run(`SET GLOBAL TimeZone = 'UTC'`)
    // Tables have no order here either, as in BigQuery. Kept, it costs a load twice the work: its row groups are written again at the end.
    await session.run('SET GLOBAL preserve_insertion_order = false')
    await session.transaction(async () => {
      for (const sql of options.setup) await session.run(sql)
    })
    await session.run(`SET GLOBAL allowed_directories = [${quoteText(options.objectFolder)}]`)
    await session.run('SET GLOBAL enable_external_access = false')
    await session.run('SET GLOBAL lock_configuration = true')
  } finally {
    session.close()
  }
}

const isLocked = async (session: Session): Promise<boolean> =>
  (await session.scalar(`SELECT current_setting('lock_configuration')`)) === true

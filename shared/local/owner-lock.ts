import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { ConflictError } from '@convergence/core/errors.ts'
import { errorShape } from './database/commit-together.ts'
import { fromFileError, fromSqliteError } from './errors.ts'

const BUSY = 5

/** How others on this machine reach the owner's HTTP server, once it listens. */
export interface OwnerAddress {
  readonly port: number
  readonly url?: string
  /** For requests of the folder's owner: the file has mode 0600. */
  readonly token?: string
}

export interface Owner extends Partial<OwnerAddress> {
  readonly pid: number
}

/** Held open: were a connection collected as garbage, its lock would go with it. */
const held = new Set<DatabaseSync>()

const lockPath = (folder: string) => join(folder, 'owner.db')
const ownerPath = (folder: string) => join(folder, 'owner.json')

/** Taken by the operating system's lock, which ends with the process however that ends; undefined when another holds it. */
const takeLock = (folder: string): DatabaseSync | undefined => {
  mkdirSync(folder, { recursive: true })
  const path = lockPath(folder)
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(path)
    database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN IMMEDIATE')
    return database
  } catch (error) {
    database?.close()
    const shape = errorShape(error)
    if (((shape.errcode ?? 0) & 0xff) === BUSY) return undefined
    throw fromSqliteError(shape, path)
  }
}

/** The process that owns `.convergence/`: one at a time, so that DuckDB's file and the state file have one writer each. */
export class OwnerLock {
  readonly #folder: string
  readonly #database: DatabaseSync

  private constructor(folder: string, database: DatabaseSync) {
    this.#folder = folder
    this.#database = database
    held.add(database)
  }

  /** Throws ConflictError, with pid and port in its details, while another process (or this one) owns the folder. */
  static async acquire(folder: string): Promise<OwnerLock> {
    const database = takeLock(folder)
    if (database === undefined) throw await conflict(folder)
    const lock = new OwnerLock(folder, database)
    try {
      await lock.#write({ pid: process.pid })
    } catch (error) {
      await lock.release()
      throw fromFileError(error, ownerPath(folder))
    }
    return lock
  }

  /** Lets other processes find the owner's HTTP server. */
  async announce(address: OwnerAddress): Promise<void> {
    await this.#write({ pid: process.pid, ...address })
  }

  async release(): Promise<void> {
    if (!held.delete(this.#database)) return
    await rm(ownerPath(this.#folder), { force: true })
    this.#database.close()
  }

  async #write(owner: Owner): Promise<void> {
    const temporary = `${ownerPath(this.#folder)}.tmp`
    await rm(temporary, { force: true })
    await writeFile(temporary, `${JSON.stringify(owner)}\n`, { mode: 0o600, flag: 'wx' })
    await rename(temporary, ownerPath(this.#folder))
  }
}

const readOwnerFile = async (folder: string): Promise<Owner | undefined> => {
  try {
    return JSON.parse(await readFile(ownerPath(folder), 'utf8')) as Owner
  } catch {
    // Not written yet, or about to be removed: the lock alone decides who the owner is.
    return undefined
  }
}

const conflict = async (folder: string): Promise<ConflictError> => {
  const owner = await readOwnerFile(folder)
  const who = owner ? `process ${owner.pid}` : 'another process'
  const url = owner?.url ?? (owner?.port === undefined ? undefined : `http://127.0.0.1:${owner.port}`)
  const how = url === undefined ? 'wait until it has ended, or stop it' : `talk to it at ${url}, or stop it`
  const details = { ...(owner && { pid: owner.pid }), ...(owner?.port !== undefined && { port: owner.port }) }
  return new ConflictError(`${who} is using ${folder}: ${how}`, { details })
}

/** Who owns the folder now; undefined when nobody does. */
export const findOwner = async (folder: string): Promise<Partial<Owner> | undefined> => {
  const database = takeLock(folder)
  if (database === undefined) return (await readOwnerFile(folder)) ?? {}
  database.close()
  return undefined
}

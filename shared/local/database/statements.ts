import type { DatabaseSync, StatementSync } from 'node:sqlite'

/** Statements of one connection, prepared once each. */
export class Statements {
  readonly #database: DatabaseSync
  readonly #prepared = new Map<string, StatementSync>()

  constructor(database: DatabaseSync) {
    this.#database = database
  }

  prepare(sql: string): StatementSync {
    const known = this.#prepared.get(sql)
    if (known) return known
    const statement = this.#database.prepare(sql)
    this.#prepared.set(sql, statement)
    return statement
  }

  /** A number that no write was given before. */
  nextVersion(): number {
    const row = this.prepare(`UPDATE counters SET value = value + 1 WHERE name = 'version' RETURNING value`).get()
    return row!['value'] as number
  }
}

/** The end of the texts that start with `prefix`: U+10FFFF is no character, and sorts after all. */
export const endOfPrefix = (prefix: string): string => `${prefix}\u{10FFFF}`

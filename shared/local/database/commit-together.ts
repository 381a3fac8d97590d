import type { DatabaseSync } from 'node:sqlite'
import type { OperationCall } from './operations.ts'
import { runOperation } from './operations.ts'
import type { Statements } from './statements.ts'

export type Outcome = { readonly value: unknown } | { readonly error: ErrorShape }

/** What is left of an error between threads. */
export interface ErrorShape {
  readonly message: string
  readonly code: string | undefined
  /** SQLite's own number. */
  readonly errcode: number | undefined
}

export const errorShape = (error: unknown): ErrorShape => {
  const { message, code, errcode } = error as { message?: string; code?: string; errcode?: number }
  return { message: message ?? String(error), code, errcode }
}

const inTransaction = <T>(database: DatabaseSync, work: () => T): T => {
  database.exec('BEGIN IMMEDIATE')
  try {
    const result = work()
    database.exec('COMMIT')
    return result
  } catch (error) {
    // Some errors (disk full) have rolled back already.
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}

/** Runs the calls in one transaction, so that they share its fsync. When one fails, each runs again in its own: nobody pays for another. */
export const commitTogether = (
  database: DatabaseSync,
  statements: Statements,
  calls: readonly OperationCall[],
): Outcome[] => {
  try {
    return inTransaction(database, () => calls.map((call) => ({ value: runOperation(statements, call) })))
  } catch (error) {
    if (calls.length === 1) return [{ error: errorShape(error) }]
    return calls.flatMap((call) => commitTogether(database, statements, [call]))
  }
}

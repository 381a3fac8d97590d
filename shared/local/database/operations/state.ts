import type { Statements } from '../statements.ts'
import { endOfPrefix } from '../statements.ts'

export interface StateRow {
  readonly key: string
  readonly version: number
  readonly value: string
}

export const getState = (statements: Statements, key: string): StateRow | undefined =>
  statements.prepare('SELECT key, version, value FROM state WHERE key = ?').get(key) as StateRow | undefined

export interface SetState {
  readonly key: string
  readonly expected: string | null
  readonly value: string
}

/** The new version; or, when another version stands there than expected, that one. */
export const setState = (
  statements: Statements,
  { key, expected, value }: SetState,
): { version: number } | { current: StateRow | undefined } => {
  const current = getState(statements, key)
  if ((current === undefined ? null : String(current.version)) !== expected) return { current }
  const version = statements.nextVersion()
  statements
    .prepare(
      'INSERT INTO state (key, version, value) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET version = excluded.version, value = excluded.value',
    )
    .run(key, version, value)
  return { version }
}

/** True if nothing stands there any more. */
export const deleteState = (statements: Statements, input: { key: string; expected: string }): boolean => {
  const current = getState(statements, input.key)
  if (current === undefined) return true
  if (String(current.version) !== input.expected) return false
  statements.prepare('DELETE FROM state WHERE key = ?').run(input.key)
  return true
}

export interface ListState {
  readonly prefix: string
  /** Exclusive. */
  readonly after: string
  readonly limit: number
}

export const listState = (statements: Statements, { prefix, after, limit }: ListState): StateRow[] =>
  statements
    .prepare('SELECT key, version, value FROM state WHERE key >= ? AND key > ? AND key < ? ORDER BY key LIMIT ?')
    .all(prefix, after, endOfPrefix(prefix), limit) as unknown as StateRow[]

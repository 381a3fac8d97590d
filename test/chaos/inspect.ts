import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { DuckDBInstance } from '@duckdb/node-api'
import { TENANT } from './project.ts'

/** A row as `a|b|c`. */
export type Rows = readonly string[]

export interface RunDocument {
  readonly runId: string
  readonly pipelineId: string
  readonly status: string
  readonly parameters: Readonly<Record<string, unknown>>
  readonly error?: { readonly message: string }
}

export interface ReceiptDocument {
  readonly runId: string
  readonly stepId: string
  readonly balanced: boolean
  readonly fetched: number
  readonly accepted: number
  readonly rejected: number
  readonly staged: number
  readonly inserted: number
  readonly updated: number
}

/** What a project's folder holds, read from copies of its files by the engines themselves, while nobody works in it. */
export interface Inspection {
  readonly runs: readonly RunDocument[]
  readonly receipts: readonly ReceiptDocument[]
  /** Entries of runs that have not ended. */
  readonly active: readonly string[]
  /** Messages and tasks that wait, but for clocks of runs that have ended. */
  readonly waiting: readonly string[]
  readonly deadLetters: readonly string[]
  /** Rows of a statement; none when its table is not there yet. */
  rows(sql: string): Promise<Rows>
  close(): void
}

const FILES = ['state.db', 'state.db-wal', 'warehouse.duckdb', 'warehouse.duckdb.wal']

export const inspect = async (local: string): Promise<Inspection> => {
  const folder = mkdtempSync(join(tmpdir(), 'convergence-chaos-copy-'))
  for (const file of FILES) if (existsSync(join(local, file))) copyFileSync(join(local, file), join(folder, file))
  const warehouse = await DuckDBInstance.create(join(folder, 'warehouse.duckdb'))
  const connection = await warehouse.connect()
  return {
    ...readState(join(folder, 'state.db')),
    rows: async (sql) => {
      try {
        const read = await connection.runAndReadAll(sql)
        return read.getRowsJson().map((row) => row.map(String).join('|'))
      } catch (error) {
        if (/^Catalog Error: Table .* does not exist/.test((error as Error).message)) return []
        throw error
      }
    },
    close: () => {
      connection.closeSync()
      warehouse.closeSync()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

const readState = (path: string) => {
  const state = new DatabaseSync(path)
  try {
    const documents = <T>(prefix: string): T[] =>
      state
        .prepare('SELECT value FROM state WHERE key >= ? AND key < ?')
        .all(prefix, `${prefix}\u{10FFFF}`)
        .map((row) => JSON.parse(row['value'] as string) as T)
    const texts = (sql: string): string[] =>
      state
        .prepare(sql)
        .all()
        .map((row) => Object.values(row).join(' '))
    return {
      runs: documents<RunDocument>('runs/'),
      receipts: documents<ReceiptDocument>('receipts/'),
      active: texts(`SELECT key FROM state WHERE key LIKE 'active/${TENANT}/%'`),
      waiting: texts(`SELECT channel, payload FROM deliveries WHERE payload NOT LIKE '%"check":"timeout"%'`),
      deadLetters: texts('SELECT channel, payload, reason FROM dead_letters'),
    }
  } finally {
    state.close()
  }
}

import { InternalError, UnavailableError } from '@convergence/core/errors.ts'
import type {
  DuckDBConnection,
  DuckDBDataChunk,
  DuckDBInstance,
  DuckDBPreparedStatement,
  DuckDBType,
  DuckDBValue,
} from '@duckdb/node-api'

/** Values by parameter name, without the `$`; those that a statement does not name are left out. */
export type Bindings = Readonly<Record<string, { readonly value: DuckDBValue; readonly type: DuckDBType }>>

export interface ResultColumn {
  readonly name: string
  readonly type: DuckDBType
}

export interface RawResult {
  readonly columns: readonly ResultColumn[]
  readonly chunks: readonly DuckDBDataChunk[]
  readonly rows: number
}

/** One connection, made at the first statement: a job's own. */
export class Session {
  readonly #instance: DuckDBInstance
  #connection: DuckDBConnection | undefined
  #interrupted = false

  constructor(instance: DuckDBInstance) {
    this.#instance = instance
  }

  /** Runs a statement; gives the number of rows that it changed. */
  run(sql: string, bindings: Bindings = {}): Promise<number> {
    return this.#prepared(sql, bindings, async (statement) => (await statement.run()).rowsChanged)
  }

  /** All rows as objects of plain values; INT64 is a bigint. For small results. */
  all(sql: string, bindings: Bindings = {}): Promise<Record<string, unknown>[]> {
    return this.#prepared(sql, bindings, async (statement) => (await statement.runAndReadAll()).getRowObjectsJS())
  }

  /** The first value of the first row. */
  async scalar(sql: string, bindings: Bindings = {}): Promise<unknown> {
    const [row] = await this.all(sql, bindings)
    return row && Object.values(row)[0]
  }

  async count(sql: string, bindings: Bindings = {}): Promise<number> {
    return Number(await this.scalar(sql, bindings))
  }

  /** The columns that a SELECT gives, without running it. */
  columns(select: string, bindings: Bindings = {}): Promise<ResultColumn[]> {
    return this.#prepared(`SELECT * FROM (${select}\n) LIMIT 0`, bindings, async (statement) => {
      const result = await statement.run()
      return result.columnNames().map((name, index) => ({ name, type: result.columnType(index) }))
    })
  }

  /** Reads a SELECT chunk by chunk, and stops after more than `maxRows` rows. The chunks outlive the session. */
  read(sql: string, bindings: Bindings, maxRows: number): Promise<RawResult> {
    return this.#prepared(sql, bindings, async (statement) => {
      const result = await statement.stream()
      const columns = result.columnNames().map((name, index) => ({ name, type: result.columnType(index) }))
      const chunks: DuckDBDataChunk[] = []
      let rows = 0
      for (let chunk = await result.fetchChunk(); chunk && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
        chunks.push(chunk)
        rows += chunk.rowCount
        if (rows > maxRows) break
      }
      return { columns, chunks, rows }
    })
  }

  /**
   * All of `work`, or nothing. DuckDB answers a COMMIT after a failed statement like a good one and commits nothing: whatever fails is
   * rolled back, never committed.
   */
  async transaction<Result>(work: () => Promise<Result>): Promise<Result> {
    await this.run('BEGIN TRANSACTION')
    try {
      const result = await work()
      await this.run('COMMIT')
      return result
    } catch (error) {
      // A failed commit has ended the transaction by itself.
      await this.run('ROLLBACK').catch(() => undefined)
      throw error
    }
  }

  /** Ends the statement that runs, and lets no other begin. */
  interrupt(): void {
    this.#interrupted = true
    this.#connection?.interrupt()
  }

  close(): void {
    this.#connection?.closeSync()
  }

  async #prepared<Result>(
    sql: string,
    bindings: Bindings,
    use: (statement: DuckDBPreparedStatement) => Promise<Result>,
  ): Promise<Result> {
    if (this.#interrupted) throw new UnavailableError('the warehouse is being closed')
    this.#connection ??= await this.#instance.connect()
    const statement = await this.#connection.prepare(sql)
    try {
      for (let index = 1; index <= statement.parameterCount; index++) {
        const name = statement.parameterName(index)
        const bound = Object.hasOwn(bindings, name) ? bindings[name] : undefined
        if (!bound) throw new InternalError(`the statement names $${name}, which has no value`)
        statement.bindValue(index, bound.value, bound.type)
      }
      return await use(statement)
    } finally {
      statement.destroySync()
    }
  }
}

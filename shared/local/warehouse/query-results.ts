import { NotFoundError } from '@convergence/core/errors.ts'
import type { JobStatus, ResultPage } from '@convergence/core/ports/warehouse.ts'
import { DuckDBTypeId } from '@duckdb/node-api'
import type { RawResult } from './session.ts'
import { resultField } from './types.ts'
import { portValue } from './values.ts'

/** Queries that are remembered, the latest. */
const MAX_RESULTS = 64
/** Rows of all of them together. */
const MAX_TOTAL_ROWS = 500_000
const DEFAULT_PAGE = 1_000
/** Turning results into objects blocks the event loop: no more at a time. */
const MAX_PAGE = 10_000

interface QueryResult {
  readonly status: JobStatus
  readonly result: RawResult | undefined
}

/** Results of queries, in memory: the oldest are dropped, and their ids are free again, as all are after a restart. */
export class QueryResults {
  readonly #results = new Map<string, QueryResult>()

  status(key: string): JobStatus | undefined {
    return this.#results.get(key)?.status
  }

  keep(key: string, status: JobStatus, result?: RawResult): void {
    this.#results.set(key, { status, result })
    let rows = [...this.#results.values()].reduce((sum, { result: kept }) => sum + (kept?.rows ?? 0), 0)
    for (const [oldest, { result: old }] of this.#results) {
      if (oldest === key || (this.#results.size <= MAX_RESULTS && rows <= MAX_TOTAL_ROWS)) break
      this.#results.delete(oldest)
      rows -= old?.rows ?? 0
    }
  }

  page(key: string, { pageToken, limit = DEFAULT_PAGE }: { pageToken?: string; limit?: number } = {}): ResultPage {
    const result = this.#results.get(key)?.result
    if (!result) throw new NotFoundError('the rows of this query are gone: run it again')
    const start = Number(pageToken ?? 0)
    const end = Math.min(result.rows, start + Math.min(limit, MAX_PAGE))
    return {
      schema: result.columns.map(({ name, type }) => resultField(name, type)),
      rows: rowsOf(result, start, end),
      ...(end < result.rows && { nextPageToken: String(end) }),
    }
  }
}

const WHOLE_NUMBERS: ReadonlySet<DuckDBTypeId> = new Set([
  DuckDBTypeId.TINYINT,
  DuckDBTypeId.SMALLINT,
  DuckDBTypeId.INTEGER,
  DuckDBTypeId.UTINYINT,
  DuckDBTypeId.USMALLINT,
  DuckDBTypeId.UINTEGER,
])

const rowsOf = ({ chunks, columns }: RawResult, start: number, end: number): unknown[][] => {
  const rows: unknown[][] = []
  let offset = 0
  for (const chunk of chunks) {
    for (let index = Math.max(0, start - offset); index < chunk.rowCount && offset + index < end; index++)
      rows.push(
        chunk.getRowValues(index).map((value, column) => {
          const plain = portValue(value)
          // INT64 is text, whatever width DuckDB computed it with.
          return typeof plain === 'number' && WHOLE_NUMBERS.has(columns[column]?.type.typeId ?? DuckDBTypeId.INVALID)
            ? String(plain)
            : plain
        }),
      )
    offset += chunk.rowCount
    if (offset >= end) break
  }
  return rows
}

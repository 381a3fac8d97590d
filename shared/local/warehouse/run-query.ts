import { LimitExceededError } from '@convergence/core/errors.ts'
import type { QueryJob } from '@convergence/core/ports/warehouse.ts'
import type { JobContext } from './publish.ts'
import { nativeQuery } from './relations.ts'
import type { RawResult, Session } from './session.ts'
import { inTenantWords } from './tenant-failure.ts'
import { tenantQuery } from './tenant-query.ts'
import { resultField } from './types.ts'

/** Results are kept in memory. */
const MAX_ROWS = 200_000

/** Runs a query, and reads its rows. */
export const runQuery = async (
  session: Session,
  { query }: QueryJob,
  { localPath, translate }: JobContext,
): Promise<RawResult> => {
  const local =
    query.dialect === 'google'
      ? await tenantQuery(session, query, translate)
      : await nativeQuery(session, query, localPath)
  const read = (): Promise<RawResult> => session.read(local.sql, local.bindings, MAX_ROWS)
  const result =
    query.dialect === 'google' ? await inTenantWords({ google: query.sql, duckdb: local.sql }, read) : await read()
  if (result.rows > MAX_ROWS)
    throw new LimitExceededError(
      `the query gives more than ${MAX_ROWS} rows: add a LIMIT, or write them into a table with a transform`,
    )
  // Refuses a type that has no counterpart now, not when its rows are fetched.
  for (const { name, type } of result.columns) resultField(name, type)
  return result
}

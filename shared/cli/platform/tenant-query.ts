import { NotFoundError, PlatformError, UnavailableError } from '@convergence/core/errors.ts'
import type { Ports } from '@convergence/core/ports/index.ts'
import type { JobStatus, ResultPage, TenantSql } from '@convergence/core/ports/warehouse.ts'
import { tableName } from '@convergence/core/table.ts'
import { renderSql } from '@convergence/core/sql/render-sql.ts'
import { nameTables } from './name-tables.ts'
import type { QueryAnswer, QueryAsk } from './platform.ts'

const LABELS = { pipeline: 'query', run: 'query', step: 'query' }

/** A SELECT of a person, under the same rules as a transform of the tenant. Throws InvalidInputError with line and column. */
export const tenantQuery = async (ports: Ports, ask: QueryAsk): Promise<QueryAnswer> => {
  const named = nameTables(ask.sql)
  try {
    return await runQuery(ports, { ...ask, sql: named.sql })
  } catch (error) {
    if (!(error instanceof PlatformError)) throw error
    throw new PlatformError(error.code, error.retryable, named.typed(error.message), { cause: error })
  }
}

const runQuery = async (ports: Ports, ask: QueryAsk): Promise<QueryAnswer> => {
  const { tenant, limit } = ask
  const { operator } = await ports.configs.current(tenant)
  const sql = renderSql(ask.sql, {
    tenant,
    parameters: [],
    file: 'query',
    maxBytesBilled: operator.limits.max_bytes_billed,
  })
  await requireTables(ports, sql)
  const { capabilities } = ports.warehouse
  const ref = {
    tenant,
    project: operator.project ?? capabilities.project,
    location: operator.location ?? capabilities.location,
    jobId: `query-${ports.random.hex(16)}`,
  }
  await ports.warehouse.submit(ref, {
    kind: 'query',
    query: { dialect: 'google', ...sql },
    labels: { tenant, ...LABELS },
  })
  const status = await ended(() => ports.warehouse.poll(ref), capabilities.pollMs)
  if (status.state === 'failed')
    throw new PlatformError(status.failure.code, status.failure.retryable, status.failure.message)
  return readRows((options) => ports.warehouse.rows(ref, options), limit)
}

/** A table that is not there, told before the engine says it in its own words. */
const requireTables = async ({ warehouse }: Ports, { tables }: TenantSql): Promise<void> => {
  for (const table of Object.values(tables)) {
    if (await warehouse.describe(table)) continue
    throw new NotFoundError(`tenant ${table.tenant} has no table ${tableName(table)}: no run has loaded it yet`)
  }
}

type Ended = Extract<JobStatus, { state: 'done' | 'failed' }>

const ended = async (poll: () => Promise<JobStatus | undefined>, everyMs: number): Promise<Ended> => {
  for (;;) {
    const status = await poll()
    if (!status) throw new UnavailableError('the query is gone: ask again')
    if (status.state !== 'running') return status
    await new Promise((resolve) => setTimeout(resolve, everyMs))
  }
}

const PAGE = 1_000

const readRows = async (
  page: (options: { pageToken?: string; limit?: number }) => Promise<ResultPage>,
  limit: number,
): Promise<QueryAnswer> => {
  const rows: (readonly unknown[])[] = []
  let pageToken: string | undefined
  for (;;) {
    const one = await page({
      limit: Math.min(PAGE, limit + 1 - rows.length),
      ...(pageToken !== undefined && { pageToken }),
    })
    rows.push(...one.rows)
    pageToken = one.nextPageToken
    const enough = rows.length > limit
    if (enough || pageToken === undefined) return { schema: one.schema, rows: rows.slice(0, limit), more: enough }
  }
}

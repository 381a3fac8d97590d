import { NotFoundError, PlatformError } from '@convergence/core/errors.ts'
import { hashOf } from '@convergence/core/hash.ts'
import { attemptId, jobStem } from '@convergence/core/names.ts'
import type { JobRef, QueryParameter } from '@convergence/core/ports/warehouse.ts'
import { renderSql } from '@convergence/core/sql/render-sql.ts'
import { jobRef, type StepContext } from '../stage.ts'

export interface QuarantinedRow {
  /** Of the chunk that rejected it. */
  readonly chunkId: string
  /** The row as JSON text of texts, in one line. */
  readonly raw: string
}

/** In the order of `ReplayedRows`; what never was a record is left out, as there. */
const SQL = `SELECT _chunk_id, raw FROM {{ quarantine.rejected_rows }}
WHERE _run_id = @run AND step = @step AND STARTS_WITH(raw, '{')
ORDER BY _chunk_id, origin, position, raw`

/** Rows that this step of another run left in quarantine, or when to ask again. A query whose rows are gone is asked again. */
export const queryQuarantine = async (
  context: StepContext,
  runId: string,
): Promise<{ readonly rows: AsyncIterable<QuarantinedRow> } | { readonly waitMs: number }> => {
  const { warehouse } = context.ports
  const stem = jobStem(context.at, hashOf(['quarantined rows']))
  for (let attempt = 1; ; attempt++) {
    const ref = jobRef(context.run, attemptId(stem, attempt))
    const status = await warehouse.poll(ref)
    if (!status) {
      await warehouse.submit(ref, { kind: 'query', query: queryOf(context, runId), labels: context.labels })
      return { waitMs: warehouse.capabilities.pollMs }
    }
    if (status.state === 'running') return { waitMs: warehouse.capabilities.pollMs }
    if (status.state === 'done') {
      const first = await firstPage(context, ref)
      if (first) return { rows: rowsOf(context, ref, first) }
    } else if (!status.failure.retryable || attempt >= context.step.retry.max_attempts)
      throw new PlatformError(status.failure.code, false, `the quarantine cannot be read: ${status.failure.message}`)
  }
}

const queryOf = (context: StepContext, runId: string) => {
  const parameter = (name: string, value: string): QueryParameter => ({ name, type: 'STRING', value })
  const parameters = [parameter('run', runId), parameter('step', context.at.stepId)]
  return { dialect: 'google', ...renderSql(SQL, { tenant: context.run.tenant, parameters }) } as const
}

type Page = Awaited<ReturnType<StepContext['ports']['warehouse']['rows']>>

/** Undefined: the rows of the query are gone. */
const firstPage = async (context: StepContext, ref: JobRef): Promise<Page | undefined> => {
  try {
    return await context.ports.warehouse.rows(ref)
  } catch (error) {
    if (error instanceof NotFoundError) return undefined
    throw error
  }
}

async function* rowsOf(context: StepContext, ref: JobRef, first: Page): AsyncGenerator<QuarantinedRow> {
  for (let page = first; ;) {
    for (const [chunkId, raw] of page.rows) yield { chunkId: String(chunkId), raw: String(raw) }
    if (page.nextPageToken === undefined) return
    page = await context.ports.warehouse.rows(ref, { pageToken: page.nextPageToken })
  }
}

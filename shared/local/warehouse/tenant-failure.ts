import { PlatformError } from '@convergence/core/errors.ts'
import { explainError } from '../sql/explain/explain-error.ts'
import { failureOf } from './errors.ts'

interface TenantQuery {
  /** The tenant's text. */
  readonly google: string
  /** Its translation, as DuckDB was given it. */
  readonly duckdb: string
}

/** Runs what holds a tenant's SELECT. What is wrong in the SELECT is told in the tenant's words; a failure of the warehouse stays as it is. */
export const inTenantWords = async <Result>(query: TenantQuery, work: () => Promise<Result>): Promise<Result> => {
  try {
    return await work()
  } catch (error) {
    if (error instanceof PlatformError || !(error instanceof Error)) throw error
    const { code } = failureOf(error)
    const message =
      code === 'INVALID_CONFIG' || code === 'DATA_REJECTED' ? explainError(error.message, query) : undefined
    if (message === undefined) throw error
    throw new PlatformError(code, false, message, { cause: error })
  }
}

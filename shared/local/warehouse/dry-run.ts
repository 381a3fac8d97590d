import { InvalidInputError, PlatformError } from '@convergence/core/errors.ts'
import type { TenantSql } from '@convergence/core/ports/warehouse.ts'
import type { TableSchema } from '@convergence/core/table.ts'
import type { Session } from './session.ts'
import { inTenantWords } from './tenant-failure.ts'
import { tenantQuery, type TranslateSql } from './tenant-query.ts'
import { resultField } from './types.ts'

/** The columns that a tenant's SELECT would give. Bytes are 0: nothing is billed here. Throws InvalidInputError for what is wrong in it. */
export const dryRun = async (
  session: Session,
  sql: TenantSql,
  translate: TranslateSql,
): Promise<{ bytes: number; schema: TableSchema }> => {
  const query = await tenantQuery(session, sql, translate)
  try {
    const columns = await inTenantWords({ google: sql.sql, duckdb: query.sql }, () =>
      session.columns(query.sql, query.bindings),
    )
    return { bytes: 0, schema: columns.map(({ name, type }) => resultField(name, type)) }
  } catch (error) {
    if (!(error instanceof PlatformError) || (error.code !== 'INVALID_CONFIG' && error.code !== 'DATA_REJECTED'))
      throw error
    throw new InvalidInputError(error.message, { cause: error })
  }
}

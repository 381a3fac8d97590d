import { InvalidInputError, PlatformError } from '@convergence/core/errors.ts'
import type { TenantSql } from '@convergence/core/ports/warehouse.ts'
import type { TableSchema } from '@convergence/core/table.ts'
import { failureOf } from './errors.ts'
import type { Session } from './session.ts'
import { tenantQuery, type TranslateSql } from './tenant-query.ts'
import { resultField } from './types.ts'

/** The columns that a tenant's SELECT would give. Bytes are 0: nothing is billed here. Throws InvalidInputError for what is wrong in it. */
export const dryRun = async (
  session: Session,
  sql: TenantSql,
  translate: TranslateSql,
): Promise<{ bytes: number; schema: TableSchema }> => {
  try {
    const query = await tenantQuery(session, sql, translate)
    return {
      bytes: 0,
      schema: (await session.columns(query.sql, query.bindings)).map(({ name, type }) => resultField(name, type)),
    }
  } catch (error) {
    if (error instanceof PlatformError) throw error
    const { code, message } = failureOf(error)
    if (code !== 'INVALID_CONFIG' && code !== 'DATA_REJECTED') throw error
    throw new InvalidInputError(`${positionOf(sql.sql, message)}${message}`, { cause: error })
  }
}

/** DuckDB's positions are those of the translated text: what its message names is looked up in the tenant's own. */
const positionOf = (sql: string, message: string): string => {
  const named = /"([A-Za-z_]\w*)"|(?:name|function) (\w+)/.exec(message)
  const name = named?.[1] ?? named?.[2]
  const at = name === undefined ? -1 : sql.search(new RegExp(`\\b${name}\\b`, 'i'))
  if (at < 0) return ''
  const before = sql.slice(0, at).split('\n')
  return `SQL ${before.length}:${(before.at(-1) ?? '').length + 1}: `
}

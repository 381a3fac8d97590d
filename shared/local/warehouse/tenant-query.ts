import type { QueryParameter, TenantSql } from '@convergence/core/ports/warehouse.ts'
import { datasetName } from '@convergence/core/table.ts'
import { guardSelect } from './guard.ts'
import { bindParameters } from './parameters.ts'
import type { Bindings, Session } from './session.ts'

/**
 * GoogleSQL to DuckDB's SQL, with its tables as `"tenant_dataset"."table"`. Throws InvalidInputError, with line and column, for what it
 * cannot translate truthfully.
 */
export type TranslateSql = (sql: TenantSql) => { readonly sql: string; readonly parameters: readonly QueryParameter[] }

export interface LocalQuery {
  readonly sql: string
  readonly bindings: Bindings
}

/** A tenant's SELECT, translated, and looked at again: whatever the translator let through, it reads the named tables only. */
export const tenantQuery = async (session: Session, sql: TenantSql, translate: TranslateSql): Promise<LocalQuery> => {
  const translated = translate(sql)
  const tables = Object.values(sql.tables).map((table) => ({ schema: datasetName(table), table: table.table }))
  await guardSelect(session, translated.sql, tables)
  return { sql: translated.sql, bindings: bindParameters(translated.parameters) }
}

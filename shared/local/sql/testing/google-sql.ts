import { DuckDBInstance, type DuckDBConnection, type DuckDBValue } from '@duckdb/node-api'
import type { QueryParameter } from '@convergence/core/ports/warehouse.ts'
import type { TableRef } from '@convergence/core/table.ts'
import { MACROS, SESSION_SETTINGS } from '../macros.ts'
import { loadTranslator, type TranslateGoogleSql } from '../translate.ts'

/** GoogleSQL through the translator and a DuckDB of its own. */
export interface GoogleSql {
  readonly connection: DuckDBConnection
  readonly translate: TranslateGoogleSql
  /** Rows of a query over `tables` (`dataset.table` of tenant acme), values as text or null. */
  readonly ask: (sql: string, parameters?: readonly QueryParameter[]) => Promise<(string | null)[][]>
}

export const ACME: Readonly<Record<string, TableRef>> = {
  'raw.usage': { tenant: 'acme', dataset: 'raw', table: 'usage' },
  'raw.prices': { tenant: 'acme', dataset: 'raw', table: 'prices' },
}

export const openGoogleSql = async (statements: readonly string[] = []): Promise<GoogleSql> => {
  const connection = await (await DuckDBInstance.create(':memory:')).connect()
  for (const statement of [...SESSION_SETTINGS, ...MACROS, ...statements]) await connection.run(statement)
  const translate = await loadTranslator()
  const ask = async (sql: string, parameters: readonly QueryParameter[] = []): Promise<(string | null)[][]> => {
    const translated = translate({ sql, tables: ACME, parameters })
    const bindings = Object.fromEntries(translated.parameters.map(({ name, value }) => [name, value as DuckDBValue]))
    const reader = await connection.runAndReadAll(translated.sql, bindings)
    return reader.getRows().map((row) => row.map((value) => (value === null ? null : String(value))))
  }
  return { connection, translate, ask }
}

import { quoteColumn, quotePath } from '@convergence/core/sql-identifiers.ts'
import { datasetName, type Field, type TableRef } from '@convergence/core/table.ts'

export const quoted = (column: string): string => quoteColumn(column, 'duckdb')

export const columnList = (fields: readonly Pick<Field, 'name'>[]): string =>
  fields.map(({ name }) => quoted(name)).join(', ')

/** `"acme_raw"."usage"` */
export const tablePath = (table: TableRef): string => quotePath([datasetName(table), table.table], 'duckdb')

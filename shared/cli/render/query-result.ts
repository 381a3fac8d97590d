import { formatCount, plural } from './units.ts'
import type { QueryAnswer } from '../platform/platform.ts'
import { renderTable, type TableOptions } from './table.ts'

const NUMBERS = new Set(['INT64', 'FLOAT64', 'NUMERIC', 'BIGNUMERIC'])

/** Rows under the names of their columns. */
export const renderQueryResult = ({ schema, rows, more }: QueryAnswer, options: TableOptions): string => {
  const columns = schema.map(({ name, type }) => ({
    title: name,
    align: NUMBERS.has(type) ? ('right' as const) : ('left' as const),
  }))
  const cells = rows.map((row) => row.map((value) => cellOf(value)))
  const note = more ? `the first ${formatCount(rows.length)} rows: --limit shows more` : plural(rows.length, 'row')
  return `${rows.length === 0 ? '' : `${renderTable(columns, cells, options)}\n`}${options.style.dim(`(${note})`)}\n`
}

/** Text of one value; NULL is a word, so that it differs from an empty text. */
const cellOf = (value: unknown): string => {
  if (value === null || value === undefined) return 'NULL'
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** The rows as a list of objects, for machines. */
export const queryDocument = ({ schema, rows, more }: QueryAnswer): object => ({
  columns: schema.map(({ name, type, mode }) => ({ name, type, mode })),
  rows: rows.map((row) => Object.fromEntries(schema.map(({ name }, index) => [name, row[index] ?? null]))),
  more,
})

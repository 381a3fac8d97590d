import { InvalidInputError } from './errors.ts'

/** Names that reach SQL are checked against an allow-list first, and quoted all the same. */
export type SqlDialect = 'duckdb' | 'bigquery'

const PLAIN = /^[A-Za-z_][A-Za-z0-9_]{0,299}$/
/** A table that others made may have columns with blanks and signs; what ends a quoted name in either dialect is never let in. */
// oxlint-disable-next-line no-control-regex -- control characters are what is refused
const COLUMN = /^[^"`\\\u0000-\u001f\u007f]{1,300}$/u

const quote = (name: string, dialect: SqlDialect): string => (dialect === 'duckdb' ? `"${name}"` : `\`${name}\``)

/** A dataset, table, alias or column of ours. Throws InvalidInputError for what is not letters, digits and `_`. */
export const quoteIdentifier = (name: string, dialect: SqlDialect): string => {
  if (!PLAIN.test(name))
    throw new InvalidInputError(`${JSON.stringify(name)} is not a name that SQL may hold: use letters, digits and _`)
  return quote(name, dialect)
}

/** A column of any table. Throws InvalidInputError for quotes, backticks, backslashes and control characters. */
export const quoteColumn = (name: string, dialect: SqlDialect): string => {
  if (!COLUMN.test(name)) throw new InvalidInputError(`${JSON.stringify(name)} is not a column name that SQL may hold`)
  return quote(name, dialect)
}

/** `"acme_raw"."usage"`: each part quoted by itself. */
export const quotePath = (parts: readonly string[], dialect: SqlDialect): string =>
  parts.map((part) => quoteIdentifier(part, dialect)).join('.')

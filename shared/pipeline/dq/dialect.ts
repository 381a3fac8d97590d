import type { Field } from '@convergence/core/table.ts'

type Type = Pick<Field, 'type' | 'precision' | 'scale'>

/** What differs between the engines' SQL. Arguments are SQL, what is given back is SQL; users' values are never among them, only parameters. */
export interface Dialect {
  readonly name: 'bigquery' | 'duckdb'
  /** Rows of a table without ORDER BY come in the order in which they were loaded. */
  readonly keepsOrder: boolean
  /** Digits of a BIGNUMERIC that names none. */
  readonly bigNumeric: { readonly precision: number; readonly scale: number }
  countIf(condition: string): string
  identifier(name: string): string
  parameter(name: string): string
  typeName(type: Type): string
  /** RE2, found anywhere in the text. */
  matches(text: string, pattern: string): string
  /** `%`, `_`, and `\` before either. */
  like(text: string, pattern: string): string
  endsWith(text: string, end: string): string
  byteLength(bytes: string): string
  /** What PARTITION BY takes in place of the value. */
  partitionKey(value: string, type: Type): string
  isIn(value: string, list: string, type: Type): string
  isNan(value: string): string
  isJson(text: string): string
  /** Exact whatever the number of rows, as text; of INT64, NUMERIC, BIGNUMERIC or BOOL. */
  exactSum(value: string, type: Type): string
  safeDivide(dividend: string, divisor: string): string
}

const asInteger = (value: string, type: Type, integer: string) =>
  type.type === 'BOOL' ? `CAST(${value} AS ${integer})` : value

const BIGQUERY: Dialect = {
  name: 'bigquery',
  keepsOrder: false,
  bigNumeric: { precision: 76, scale: 38 },
  countIf: (condition) => `COUNTIF(${condition})`,
  identifier: (name) => `\`${name.replace(/[\\`]/g, String.raw`\$&`)}\``,
  parameter: (name) => `@${name}`,
  typeName: ({ type }) => type,
  matches: (text, pattern) => `REGEXP_CONTAINS(${text}, ${pattern})`,
  like: (text, pattern) => `${text} LIKE ${pattern}`,
  endsWith: (text, end) => `ENDS_WITH(${text}, ${end})`,
  byteLength: (bytes) => `BYTE_LENGTH(${bytes})`,
  // FLOAT64 may be grouped by, and not partitioned by.
  partitionKey: (value, { type }) => (type === 'FLOAT64' ? `CAST(${value} AS STRING)` : value),
  isIn: (value, list) => `${value} IN UNNEST(${list})`,
  isNan: (value) => `IS_NAN(${value})`,
  isJson: (text) => `SAFE.PARSE_JSON(${text}, wide_number_mode => 'round') IS NOT NULL`,
  exactSum: (value, type) => `CAST(SUM(CAST(${asInteger(value, type, 'INT64')} AS BIGNUMERIC)) AS STRING)`,
  safeDivide: (dividend, divisor) => `SAFE_DIVIDE(${dividend}, ${divisor})`,
}

const DUCKDB_TYPES: Partial<Record<Field['type'], string>> = {
  STRING: 'VARCHAR',
  BYTES: 'BLOB',
  INT64: 'BIGINT',
  FLOAT64: 'DOUBLE',
  BOOL: 'BOOLEAN',
  DATETIME: 'TIMESTAMP',
  TIMESTAMP: 'TIMESTAMPTZ',
}

const EMBEDDED_BIGNUMERIC = { precision: 38, scale: 18 }

const duckdbType = ({ type, precision, scale }: Type): string => {
  if (type !== 'NUMERIC' && type !== 'BIGNUMERIC') return DUCKDB_TYPES[type] ?? type
  if (precision !== undefined) return `DECIMAL(${precision}, ${scale ?? 0})`
  return type === 'NUMERIC'
    ? 'DECIMAL(38, 9)'
    : `DECIMAL(${EMBEDDED_BIGNUMERIC.precision}, ${EMBEDDED_BIGNUMERIC.scale})`
}

const DUCKDB: Dialect = {
  name: 'duckdb',
  keepsOrder: true,
  bigNumeric: EMBEDDED_BIGNUMERIC,
  // Three times as fast as COUNT over CASE.
  countIf: (condition) => `COUNT(*) FILTER (WHERE ${condition})`,
  identifier: (name) => `"${name.replaceAll('"', '""')}"`,
  parameter: (name) => `$${name}`,
  typeName: duckdbType,
  matches: (text, pattern) => `regexp_matches(${text}, ${pattern})`,
  like: (text, pattern) => String.raw`${text} LIKE ${pattern} ESCAPE '\'`,
  endsWith: (text, end) => `suffix(${text}, ${end})`,
  byteLength: (bytes) => `octet_length(${bytes})`,
  partitionKey: (value) => value,
  isIn: (value, list, type) => `list_contains(CAST(${list} AS ${duckdbType(type)}[]), ${value})`,
  isNan: (value) => `isnan(${value})`,
  isJson: (text) => `json_valid(${text})`,
  exactSum: (value, type) => `CAST(SUM(${asInteger(value, type, 'BIGINT')}) AS VARCHAR)`,
  safeDivide: (dividend, divisor) => `(CASE WHEN ${divisor} = 0 THEN NULL ELSE ${dividend} / ${divisor} END)`,
}

export const DIALECTS: Readonly<Record<Dialect['name'], Dialect>> = { bigquery: BIGQUERY, duckdb: DUCKDB }

import {
  DuckDBBlobValue,
  DuckDBDecimalValue,
  DuckDBIntervalValue,
  DuckDBListValue,
  DuckDBStructValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  type DuckDBType,
} from '@duckdb/node-api'

/** Values and types of a case, and of DuckDB's answer in the same terms. */
export interface Column {
  readonly name: string
  readonly type: string
  readonly mode?: string
  readonly fields?: readonly Column[]
  /** An array whose order does not count. */
  readonly unordered?: boolean
}

const TYPES: Readonly<Record<string, string>> = {
  INT64: 'BIGINT',
  FLOAT64: 'DOUBLE',
  STRING: 'VARCHAR',
  BOOL: 'BOOLEAN',
  BYTES: 'BLOB',
  DATE: 'DATE',
  DATETIME: 'TIMESTAMP',
  TIMESTAMP: 'TIMESTAMP WITH TIME ZONE',
  TIME: 'TIME',
  INTERVAL: 'INTERVAL',
  JSON: 'JSON',
}

/** Whether DuckDB's type holds what BigQuery's does; field names of a STRUCT are compared too, where the case has them. */
export const sameType = (column: Column, type: string): boolean => {
  if (column.mode === 'REPEATED')
    return type.endsWith('[]') && sameType({ ...column, mode: 'NULLABLE' }, type.slice(0, -2))
  if (column.type === 'STRUCT') return type.startsWith('STRUCT(')
  if (column.type === 'NUMERIC') return /^DECIMAL\(\d+,[0-9]\)$/.test(type)
  if (column.type === 'BIGNUMERIC') return type.startsWith('DECIMAL(')
  return TYPES[column.type] === type
}

export const typeName = (type: DuckDBType): string => (type.alias === 'JSON' ? 'JSON' : String(type))

/** A value of DuckDB as the cases write it. */
export const plainValue = (value: unknown, column: Column): unknown => {
  if (value === null || value === undefined) return null
  if (value instanceof DuckDBListValue) {
    const element: Column = {
      name: column.name,
      type: column.type,
      ...(column.fields ? { fields: column.fields } : {}),
    }
    return value.items.map((item) => plainValue(item, element))
  }
  if (value instanceof DuckDBStructValue)
    return Object.values(value.entries).map((entry, index) =>
      plainValue(entry, column.fields?.[index] ?? { name: '', type: '' }),
    )
  if (value instanceof DuckDBBlobValue) return Buffer.from(value.bytes).toString('base64')
  if (value instanceof DuckDBDecimalValue) return trimDecimal(value.toString())
  if (value instanceof DuckDBTimestampTZValue) return instant(new DuckDBTimestampValue(value.micros).toString())
  if (value instanceof DuckDBTimestampValue) return civil(value.toString())
  if (value instanceof DuckDBIntervalValue) return interval(value)
  if (typeof value === 'bigint')
    return value > 9007199254740991n || value < -9007199254740991n ? String(value) : Number(value)
  if (typeof value === 'object') return civil((value as { toString: () => string }).toString())
  return value
}

const trimDecimal = (text: string): string =>
  (text.includes('.') ? text.replace(/\.?0+$/, '') : text).replace(/^-0$/, '0')
const civil = (text: string): string =>
  text
    .replace(' ', 'T')
    .replace(/(\.\d*?)0+$/, '$1')
    .replace(/\.$/, '')
const instant = (text: string): string => `${civil(text)}Z`

const interval = ({ months, days, micros }: DuckDBIntervalValue): string => {
  const sign = (value: number): string => (value < 0 ? '-' : '')
  const absolute = micros < 0n ? -micros : micros
  const seconds = absolute / 1_000_000n
  const fraction =
    absolute % 1_000_000n === 0n
      ? ''
      : `.${String(absolute % 1_000_000n)
          .padStart(6, '0')
          .replace(/0+$/, '')}`
  const m = Math.abs(months)
  return `${sign(months)}${Math.floor(m / 12)}-${m % 12} ${days} ${micros < 0n ? '-' : ''}${seconds / 3600n}:${(seconds / 60n) % 60n}:${seconds % 60n}${fraction}`
}

const textOf = (value: unknown): string => (typeof value === 'object' ? JSON.stringify(value) : String(value as number))

/** Equal as BigQuery would show it; floats at a relative 1e-9. */
const sameValue = (expected: unknown, actual: unknown, column: Column): boolean => {
  // BigQuery gives a NULL array as an empty one.
  if (column.mode === 'REPEATED') {
    const [left, right] = [list(expected), list(actual)]
    const element = { ...column, mode: 'NULLABLE' }
    if (left.length !== right.length) return false
    return column.unordered === true
      ? sameRows(
          left.map((one) => [one]),
          right.map((one) => [one]),
          [element],
        )
      : left.every((one, index) => sameValue(one, right[index], element))
  }
  if (expected === null || actual === null) return expected === actual
  if (column.type === 'STRUCT') {
    const fields = column.fields ?? []
    return (
      list(expected).length === list(actual).length &&
      list(expected).every((one, index) =>
        sameValue(one, list(actual)[index], fields[index] ?? { name: '', type: 'STRING' }),
      )
    )
  }
  if (column.type === 'FLOAT64') return sameFloat(toFloat(expected), toFloat(actual))
  if (column.type === 'NUMERIC' || column.type === 'BIGNUMERIC')
    return trimDecimal(textOf(expected)) === trimDecimal(textOf(actual))
  if (column.type === 'DATETIME') return civil(textOf(expected)) === civil(textOf(actual))
  if (column.type === 'TIME') return civil(textOf(expected)) === civil(textOf(actual))
  if (column.type === 'TIMESTAMP') return instant(textOf(expected).replace(/Z$/, '')) === textOf(actual)
  if (column.type === 'JSON')
    return JSON.stringify(JSON.parse(textOf(expected))) === JSON.stringify(JSON.parse(textOf(actual)))
  return textOf(expected) === textOf(actual) && typeof expected === typeof actual
}

const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : [])

const toFloat = (value: unknown): number => {
  const text = textOf(value)
  if (text === 'NaN' || text === 'Infinity' || text === '-Infinity') return Number(text)
  return typeof value === 'number' || /^-?[\d.]+(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN
}

const sameFloat = (a: number, b: number): boolean =>
  Object.is(a, b) || a === b || Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(a), Math.abs(b))

/** Rows in any order. */
export const sameRows = (
  expected: readonly (readonly unknown[])[],
  actual: readonly (readonly unknown[])[],
  columns: readonly Column[],
): boolean => {
  const rest = [...actual]
  for (const row of expected) {
    const index = rest.findIndex((other) => sameRow(row, other, columns))
    if (index < 0) return false
    rest.splice(index, 1)
  }
  return rest.length === 0
}

export const sameRow = (
  expected: readonly unknown[],
  actual: readonly unknown[],
  columns: readonly Column[],
): boolean => columns.every((column, index) => sameValue(expected[index], actual[index], column))

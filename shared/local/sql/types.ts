import type { Body } from './node.ts'
import { isNode, listOf } from './node.ts'
import { quoteName } from './sql-text.ts'
import type { Translation, Type } from './translation.ts'

/** Types of GoogleSQL in DuckDB. NUMERIC is DECIMAL(38,9): 29 digits before the point and 9 after it, as in BigQuery. */
export const DUCKDB_TYPES: Readonly<Record<Type, string>> = {
  STRING: 'VARCHAR',
  BYTES: 'BLOB',
  INT64: 'BIGINT',
  FLOAT64: 'DOUBLE',
  NUMERIC: 'DECIMAL(38,9)',
  BOOL: 'BOOLEAN',
  DATE: 'DATE',
  DATETIME: 'TIMESTAMP',
  TIME: 'TIME',
  TIMESTAMP: 'TIMESTAMPTZ',
  JSON: 'JSON',
  INTERVAL: 'INTERVAL',
}

const PARSED: Readonly<Record<string, Type>> = {
  string: 'STRING',
  text: 'STRING',
  decimal: 'NUMERIC',
  timestamp: 'TIMESTAMP',
  boolean: 'BOOL',
  json: 'JSON',
  time: 'TIME',
  date: 'DATE',
  big_int: 'INT64',
}
const NAMED: Readonly<Record<string, Type>> = {
  INT64: 'INT64',
  FLOAT64: 'FLOAT64',
  DATETIME: 'DATETIME',
  BYTES: 'BYTES',
  STRING: 'STRING',
  BOOL: 'BOOL',
  NUMERIC: 'NUMERIC',
}

export interface ParsedType {
  readonly type?: Type | undefined
  readonly duckdb: string
}

export const readType = (translation: Translation, value: unknown): ParsedType => {
  const body = isNode(value) ? value : {}
  const { data_type: kind, name } = body
  if (kind === 'array') return { duckdb: `${readType(translation, body.element_type).duckdb}[]` }
  if (kind === 'struct') return { duckdb: readStruct(translation, body) }
  const type = kind === 'custom' ? NAMED[String(name).toUpperCase()] : PARSED[String(kind)]
  const text = String(kind === 'custom' ? name : kind).toUpperCase()
  if (!type) return translation.refuse(body, `the type ${text} is not available in the embedded warehouse`, text)
  if (Object.hasOwn(body, 'precision') && body.precision !== null)
    return translation.refuse(
      body,
      `${type}(precision, scale) is not available in the embedded warehouse: use ${type} and ROUND`,
      type,
    )
  translation.read(text, body, ['data_type', 'name', 'timezone'])
  return { type, duckdb: DUCKDB_TYPES[type] }
}

const readStruct = (translation: Translation, body: Body): string => {
  const fields = listOf(body.fields).map((field) => {
    const { name, data_type: type } = isNode(field) ? field : {}
    if (typeof name !== 'string' || name === '')
      return translation.refuse(
        body,
        'STRUCT with fields without names is not available in the embedded warehouse',
        'STRUCT',
      )
    return `${quoteName(translation.name({ name }))} ${readType(translation, type).duckdb}`
  })
  return `STRUCT(${fields.join(', ')})`
}

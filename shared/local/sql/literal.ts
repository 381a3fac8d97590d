import { isNode, type Body } from './node.ts'
import { quoteString } from './sql-text.ts'
import type { Expr, Translation, Type } from './translation.ts'
import { DUCKDB_TYPES } from './types.ts'

export const NULL: Expr = { sql: 'NULL', isNull: true }

const DATE = String.raw`\d{4}-\d{1,2}-\d{1,2}`
const TIME = String.raw`\d{1,2}:[0-5]?\d:[0-5]?\d(?:\.\d{1,6})?`
const ZONE = String.raw`(?:[zZ]|[+-]\d{2}(?::?\d{2})?| ?UTC)`
/** Forms that DuckDB reads as BigQuery does; others are refused. */
const FORMS: Readonly<Partial<Record<Type, RegExp>>> = {
  DATE: new RegExp(`^${DATE}$`),
  DATETIME: new RegExp(`^${DATE}(?:[ tT]${TIME})?$`),
  TIME: new RegExp(`^${TIME}$`),
  TIMESTAMP: new RegExp(`^${DATE}(?:[ tT]${TIME})?${ZONE}?$`),
}
const TYPED: Readonly<Record<string, Type>> = {
  date: 'DATE',
  datetime: 'DATETIME',
  time: 'TIME',
  timestamp: 'TIMESTAMP',
}

export const compileLiteral = (translation: Translation, body: Body): Expr => {
  const { literal_type: kind, value } = translation.read('literal', body, ['literal_type', 'value'])
  const text = String(value)
  if (kind === 'number') return number(translation, text)
  if (kind === 'hex_number') return integer(translation, BigInt(`0x${text}`))
  const token = translation.token(text)
  if (!token)
    return text === '$' && kind === 'string'
      ? string(text)
      : translation.refuse(body, `this literal is not available in the embedded warehouse`)
  if (token.kind === 'bytes') return { sql: `unhex('${token.value}')`, type: 'BYTES' }
  if (kind === 'string' || kind === 'raw_string') return string(token.value)
  const type = TYPED[String(kind)]
  if (!type) return translation.refuse(body, `this literal is not available in the embedded warehouse`)
  return typedLiteral(translation, body, type, token.value)
}

/** A constant text as a DATE, DATETIME, TIME or TIMESTAMP. */
export const typedLiteral = (translation: Translation, node: unknown, type: Type, text: string): Expr => {
  if (FORMS[type]?.test(text) === false)
    return translation.refuse(
      node,
      `${JSON.stringify(text)} is no ${type} that the embedded warehouse reads; write it like ${EXAMPLES[type]}`,
    )
  return { sql: `CAST(${quoteString(text)} AS ${DUCKDB_TYPES[type]})`, type }
}

const EXAMPLES: Readonly<Partial<Record<Type, string>>> = {
  DATE: '2026-01-31',
  DATETIME: '2026-01-31 10:00:00',
  TIME: '10:00:00',
  TIMESTAMP: '2026-01-31 10:00:00+00',
}

const string = (value: string): Expr => ({ sql: quoteString(value), type: 'STRING', string: value })

const number = (translation: Translation, text: string): Expr => {
  if (/^\d+$/.test(text)) return integer(translation, BigInt(text))
  translation.countNumber()
  return {
    sql: asDouble(text),
    float: text
      .replace(/\.$/, '')
      .replace(/^\./, '0.')
      .replace(/\.([eE])/, '$1'),
  }
}

const integer = (translation: Translation, value: bigint): Expr => {
  translation.countNumber()
  if (value === 9_223_372_036_854_775_808n) return { sql: `error('9223372036854775808 is beyond INT64')`, beyond: true }
  if (value > 9_223_372_036_854_775_807n)
    return translation.refuse(
      { value: String(value) },
      `${value} is beyond INT64: write NUMERIC '${value}'`,
      String(value),
    )
  return { sql: `${value}::BIGINT`, type: 'INT64' }
}

/** DuckDB takes `1.5` for a decimal and `1.5e0` for a double. */
const asDouble = (text: string): string => (/e/i.test(text) ? text : `${text}e0`)

/** The whole number that stands there, or undefined: for places where SQL takes a constant only. */
export const wholeNumber = (node: unknown): number | undefined => {
  const literal = isNode(node) ? node.literal : undefined
  if (!isNode(literal) || literal.literal_type !== 'number' || !/^\d{1,9}$/.test(String(literal.value)))
    return undefined
  return Number(literal.value)
}

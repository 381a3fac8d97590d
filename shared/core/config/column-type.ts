import { z } from 'zod'
import type { FieldType } from '../table.ts'
import { didYouMean } from './suggest.ts'

/** A cast: a type in BigQuery's names (`NUMERIC(10,2)` too), or seconds, milliseconds since the epoch as `unix unix_ms unix_date`. */
export interface ColumnType {
  readonly type: FieldType
  readonly precision?: number | undefined
  readonly scale?: number | undefined
  readonly parse?: 'unix' | 'unix_ms' | 'unix_date' | undefined
}

/** Legacy names are BigQuery's own too: `bq show --schema` prints them. */
const TYPE_NAMES: Readonly<Record<string, FieldType>> = {
  STRING: 'STRING',
  BYTES: 'BYTES',
  INT64: 'INT64',
  INTEGER: 'INT64',
  FLOAT64: 'FLOAT64',
  FLOAT: 'FLOAT64',
  NUMERIC: 'NUMERIC',
  BIGNUMERIC: 'BIGNUMERIC',
  BOOL: 'BOOL',
  BOOLEAN: 'BOOL',
  DATE: 'DATE',
  DATETIME: 'DATETIME',
  TIME: 'TIME',
  TIMESTAMP: 'TIMESTAMP',
  JSON: 'JSON',
  STRUCT: 'STRUCT',
  RECORD: 'STRUCT',
}

export const FIELD_TYPE_NAMES: readonly string[] = Object.keys(TYPE_NAMES)

export const fieldType = (name: string): FieldType | undefined =>
  Object.hasOwn(TYPE_NAMES, name) ? TYPE_NAMES[name] : undefined

const PARSED = {
  unix: { type: 'TIMESTAMP', parse: 'unix' },
  unix_ms: { type: 'TIMESTAMP', parse: 'unix_ms' },
  unix_date: { type: 'DATE', parse: 'unix_date' },
} as const satisfies Record<string, ColumnType>

const CASTS: readonly string[] = [...new Set<string>(Object.values(TYPE_NAMES)), ...Object.keys(PARSED)].filter(
  (name) => name !== 'STRUCT',
)

/** What is wrong with a decimal's digits; undefined: nothing. Absent scale is 0, as in BigQuery. */
export const decimalProblem = (type: FieldType, precision: number, scale: number): string | undefined => {
  if (type !== 'NUMERIC' && type !== 'BIGNUMERIC') return `${type} takes no precision or scale`
  const maxScale = type === 'NUMERIC' ? 9 : 38
  const maxWhole = type === 'NUMERIC' ? 29 : 38
  if (scale > maxScale) return `scale of ${type} is 0 to ${maxScale}, not ${scale}`
  if (precision < Math.max(1, scale) || precision > maxWhole + scale)
    return `precision of ${type} with scale ${scale} is ${Math.max(1, scale)} to ${maxWhole + scale}, not ${precision}`
  // What the engines that type the rows can hold.
  if (precision > 38) return `more than 38 digits are not available yet`
  return undefined
}

/** Reads `INT64`, `NUMERIC(10,2)`, `unix_date`; a text instead says what is wrong. */
const parseColumnType = (text: string): ColumnType | string => {
  if (Object.hasOwn(PARSED, text)) return PARSED[text as keyof typeof PARSED]
  const match = /^([A-Z0-9]+)(?:\((\d{1,2})(?:,\s*(\d{1,2}))?\))?$/.exec(text)
  const type = match?.[1] === undefined ? undefined : fieldType(match[1])
  if (!type) return `unknown type "${text}": one of ${CASTS.join(', ')}${didYouMean(text, CASTS)}`
  if (type === 'STRUCT') return 'a STRUCT has no cast: describe it in a schema file'
  if (match?.[2] === undefined) return { type }
  const digits = { precision: Number(match[2]), scale: Number(match[3] ?? 0) }
  return decimalProblem(type, digits.precision, digits.scale) ?? { type, ...digits }
}

export const columnType = z.string().transform((text, context): ColumnType => {
  const parsed = parseColumnType(text)
  if (typeof parsed !== 'string') return parsed
  context.addIssue({ code: 'custom', message: parsed })
  return z.NEVER
})

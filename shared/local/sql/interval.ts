import { compileExpression } from './expression.ts'
import { isAbsent, isNode, type Body } from './node.ts'
import type { Expr, Translation } from './translation.ts'

const UNITS: Readonly<Record<string, (count: string) => string>> = {
  YEAR: (n) => `to_months(CAST(12 * ${n} AS INTEGER))`,
  QUARTER: (n) => `to_months(CAST(3 * ${n} AS INTEGER))`,
  MONTH: (n) => `to_months(CAST(${n} AS INTEGER))`,
  WEEK: (n) => `to_days(CAST(7 * ${n} AS INTEGER))`,
  DAY: (n) => `to_days(CAST(${n} AS INTEGER))`,
  HOUR: (n) => `to_hours(${n})`,
  MINUTE: (n) => `to_minutes(${n})`,
  SECOND: (n) => `to_microseconds(1000000 * ${n})`,
  MILLISECOND: (n) => `to_microseconds(1000 * ${n})`,
  MICROSECOND: (n) => `to_microseconds(${n})`,
}

export interface IntervalParts {
  readonly unit: string
  readonly count: Expr
  /** The number, when it is a constant. */
  readonly constant: number | undefined
}

/** `INTERVAL 3 DAY`: its unit and count. */
export const readInterval = (translation: Translation, body: Body): IntervalParts => {
  const { this: value, unit } = translation.read('interval', body, ['this', 'unit'])
  const name =
    isNode(unit) && unit.type === 'simple' && isAbsent(unit.use_plural) ? String(unit.unit).toUpperCase() : ''
  if (!Object.hasOwn(UNITS, name))
    return translation.refuse(body, 'INTERVAL with this unit is not available in the embedded warehouse', 'INTERVAL')
  const text = constantOf(value)
  if (text === undefined) return { unit: name, count: compileExpression(translation, value), constant: undefined }
  translation.countNumber()
  return { unit: name, count: { sql: `${text}::BIGINT`, type: 'INT64' }, constant: Number(text) }
}

/** The parser turns a number after INTERVAL into a string of the same text. */
const constantOf = (node: unknown): string | undefined => {
  const literal = isNode(node) && isNode(node.literal) ? node.literal : {}
  return /^\d{1,15}$/.test(String(literal.value)) ? String(literal.value) : undefined
}

export const compileInterval = (translation: Translation, body: Body): Expr => {
  const { unit, count } = readInterval(translation, body)
  const to = UNITS[unit] ?? translation.refuse(body, `INTERVAL ${unit} is not available in the embedded warehouse`)
  return { sql: to(count.type === 'INT64' ? count.sql : `gsql.whole(${count.sql})`), type: 'INTERVAL' }
}

import { BadExpectation } from './bad-expectation.ts'
import { atScale, decimalText, parseDecimal } from './decimal.ts'
import type { Dialect } from './dialect.ts'
import { kindOf, digitsOf, limitOf, typeText, type Kind, type Operand } from './operand.ts'
import type { Parameters } from './parameters.ts'
import { normalTime } from './times.ts'

export type Operator = '=' | '<' | '<=' | '>' | '>='
export type Scalar = string | number | boolean

export interface Comparing {
  readonly dialect: Dialect
  readonly parameters: Parameters
  /** Floats that differ by a billionth part count as equal. */
  readonly tolerant: boolean
}

const TOLERANCE = 1e-9
/** Members of a set, each of which is a comparison of its own in the SQL. */
const MAX_FLOATS = 1000

/** Boolean SQL: the operand against a given value. NULL where the operand is. Throws BadExpectation where the two do not compare. */
export const compareWith = (left: Operand, operator: Operator, value: Scalar, by: Comparing): string => {
  const kind = kindOf(left.field)
  if (kind === 'exact') return compareExact(left, operator, value, by)
  if (kind === 'float') return compareFloat(left, operator, finite(left, value), by)
  return `${left.sql} ${operator} ${by.parameters.bind(plainValue(left, kind, value), left.field)}`
}

const never = (left: Operand): string => `(${left.sql} <> ${left.sql})`
const always = (left: Operand): string => `(${left.sql} = ${left.sql})`

/** A bound with more digits than the column holds is moved to the next value that it can hold: the answer is the same, and exact. */
const compareExact = (left: Operand, operator: Operator, value: Scalar, by: Comparing): string => {
  const number = typeof value === 'boolean' ? undefined : parseDecimal(String(value))
  if (!number) throw mismatch(left, value)
  const { scale } = digitsOf(left.field, by.dialect)
  const { floor, ceil, exact } = atScale(number, scale)
  if (operator === '=' && !exact) return never(left)
  const digits = operator === '>=' || operator === '<' ? ceil : floor
  const limit = limitOf(left.field, by.dialect)
  if (digits > limit) return operator.startsWith('<') ? always(left) : never(left)
  if (digits < -limit) return operator.startsWith('>') ? always(left) : never(left)
  return `${left.sql} ${operator} ${by.parameters.bind(decimalText({ digits, scale }), left.field)}`
}

/** NaN is neither in a range nor equal to anything: the engines do not agree about it. */
const compareFloat = (left: Operand, operator: Operator, value: number, by: Comparing): string => {
  const bind = (number: number) => by.parameters.bind(number, left.field)
  const around = by.tolerant ? Math.abs(value) * TOLERANCE : 0
  const number = `NOT ${by.dialect.isNan(left.sql)}`
  if (operator === '=' && around === 0) return `(${number} AND ${left.sql} = ${bind(value)})`
  if (operator === '=') return `(${left.sql} BETWEEN ${bind(value - around)} AND ${bind(value + around)})`
  const inward = operator === '>' || operator === '<=' ? around : -around
  return `(${number} AND ${left.sql} ${operator} ${bind(value + inward)})`
}

/** Two operands. NULL where either is. */
export const comparePair = (left: Operand, operator: Operator, right: Operand, by: Comparing): string => {
  const kinds = [kindOf(left.field), kindOf(right.field)] as const
  if (kinds.every((kind) => kind === 'exact' || kind === 'float') && kinds.includes('float'))
    return compareFloats(left, operator, right, by)
  if (kinds[0] === kinds[1] && kinds[0] !== 'opaque') return `${left.sql} ${operator} ${right.sql}`
  const dates = kinds.every((kind) => kind === 'date' || kind === 'datetime')
  if (!dates)
    throw new BadExpectation(
      `${nameOf(left)} is ${typeText(left.field)} and ${nameOf(right)} is ${typeText(right.field)}: they do not compare`,
    )
  const asDatetime = ({ sql }: Operand) => `CAST(${sql} AS ${by.dialect.typeName({ type: 'DATETIME' })})`
  return `${asDatetime(left)} ${operator} ${asDatetime(right)}`
}

const compareFloats = (left: Operand, operator: Operator, right: Operand, by: Comparing): string => {
  const [a, b] = [left, right].map(({ sql, field }) =>
    field.type === 'FLOAT64' ? sql : `CAST(${sql} AS ${by.dialect.typeName({ type: 'FLOAT64' })})`,
  ) as [string, string]
  const numbers = `NOT ${by.dialect.isNan(a)} AND NOT ${by.dialect.isNan(b)}`
  if (!by.tolerant) return `(${numbers} AND ${a} ${operator} ${b})`
  // Infinite ends: their difference is NaN, which DuckDB calls greater than everything, and their tolerance would be infinite.
  const near = `(${a} = ${b} OR (ABS(${a}) < 1e308 AND ABS(${b}) < 1e308 AND ABS(${a} - ${b}) <= ${TOLERANCE} * GREATEST(ABS(${a}), ABS(${b}))))`
  if (operator === '=') return `(${numbers} AND ${near})`
  return operator.endsWith('=')
    ? `(${numbers} AND (${a} ${operator} ${b} OR ${near}))`
    : `(${numbers} AND ${a} ${operator} ${b} AND NOT ${near})`
}

/** The operand is one of the values; NULL where it is NULL. */
export const isOneOf = (left: Operand, values: readonly Scalar[], by: Comparing): string => {
  const kind = kindOf(left.field)
  if (values.length === 0) return never(left)
  if (kind === 'float' && values.length > MAX_FLOATS)
    throw new BadExpectation(`a set of FLOAT64 may have at most ${MAX_FLOATS} values`)
  if (kind === 'float') return `(${values.map((value) => compareWith(left, '=', value, by)).join(' OR ')})`
  const members =
    kind === 'exact' ? exactMembers(left, values, by) : values.map((value) => plainValue(left, kind, value))
  if (members.length === 0) return never(left)
  return by.dialect.isIn(left.sql, by.parameters.bindList([...new Set(members)], left.field), left.field)
}

/** What the column cannot hold is in no row. */
const exactMembers = (left: Operand, values: readonly Scalar[], by: Comparing): string[] => {
  const { scale } = digitsOf(left.field, by.dialect)
  return values.flatMap((value) => {
    const number = typeof value === 'boolean' ? undefined : parseDecimal(String(value))
    if (!number) throw mismatch(left, value)
    const { floor, exact } = atScale(number, scale)
    return exact && floor <= limitOf(left.field, by.dialect) && floor >= -limitOf(left.field, by.dialect)
      ? [decimalText({ digits: floor, scale })]
      : []
  })
}

const finite = (left: Operand, value: Scalar): number => {
  const number = typeof value === 'string' && parseDecimal(value) ? Number(value) : value
  if (typeof number !== 'number' || !Number.isFinite(number)) throw mismatch(left, value)
  return number
}

/** The value as it is bound. */
const plainValue = (left: Operand, kind: Kind, value: Scalar): string | boolean => {
  if (kind === 'bool' && typeof value === 'boolean') return value
  if (kind === 'text' && typeof value === 'string') return value
  if (kind === 'date' || kind === 'datetime' || kind === 'time' || kind === 'timestamp') {
    const time = typeof value === 'string' ? normalTime(value, kind) : undefined
    if (time !== undefined) return time
  }
  throw mismatch(left, value)
}

const nameOf = ({ field }: Operand): string => (field.name === '' ? 'the expression' : `column ${field.name}`)

const mismatch = (left: Operand, value: Scalar): BadExpectation =>
  new BadExpectation(
    kindOf(left.field) === 'opaque' || kindOf(left.field) === 'bytes'
      ? `${nameOf(left)} is ${typeText(left.field)}, whose values do not compare`
      : `${nameOf(left)} is ${typeText(left.field)}, and ${JSON.stringify(value)} is not a value of that type`,
  )

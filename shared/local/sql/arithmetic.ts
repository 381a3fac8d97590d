import { macro } from './sql-text.ts'
import type { Expr, Type } from './translation.ts'

type Operator = '+' | '-' | '*' | '/'

const MACROS: Readonly<Record<Operator, string>> = { '+': 'plus', '-': 'minus', '*': 'times', '/': 'divide' }

/** `+ - * /`: plainly where the types are known and DuckDB does the same, else by macros that DuckDB chooses by the arguments' types. */
export const arithmetic = (operator: Operator, left: Expr, right: Expr): Expr => {
  if (left.type === 'INT64' && right.type === 'INT64') {
    return operator === '/'
      ? { sql: macro('divide', left.sql, right.sql), type: 'FLOAT64' }
      : { sql: `(${left.sql} ${operator} ${right.sql})`, type: 'INT64' }
  }
  const [a, b] = beside(left, right)
  const name = MACROS[operator]
  return { sql: macro(name, guarded(a), guarded(b)), type: resultType(operator, a, b), checked: true }
}

export const negate = (value: Expr): Expr =>
  value.beyond === true
    ? { sql: '(-9223372036854775807::BIGINT - 1::BIGINT)', type: 'INT64' }
    : value.float === undefined
      ? { sql: `(- ${value.sql})`, type: value.type, checked: value.checked }
      : {
          ...value,
          sql: `(- ${value.sql})`,
          float: value.float.startsWith('-') ? value.float.slice(1) : `-${value.float}`,
        }

/** Constants `1.5` take the type of what stands beside them: NUMERIC beside NUMERIC, else FLOAT64. */
const beside = (left: Expr, right: Expr): [Expr, Expr] => [settle(left, [right]), settle(right, [left])]

const settle = (value: Expr, others: readonly Expr[]): Expr => {
  if (value.float === undefined) return value
  const typed = others.filter((other) => other.float === undefined && !other.isNull)
  const unknown = typed.filter((other) => other.type === undefined)
  const numeric = typed.some((other) => other.type === 'NUMERIC')
  if (typed.some((other) => other.type === 'FLOAT64')) return { sql: value.sql, type: 'FLOAT64' }
  if (unknown.length === 0)
    return numeric ? { sql: decimal(value.float), type: 'NUMERIC' } : { sql: value.sql, type: 'FLOAT64' }
  const witness =
    typed.length === 1 ? (typed[0]?.sql ?? 'NULL') : `COALESCE(${typed.map((other) => other.sql).join(', ')})`
  return { sql: macro('float_or_numeric', value.sql, decimal(value.float), witness), checked: true }
}

const decimal = (text: string): string => `CAST('${text}' AS DECIMAL(38,9))`

/** BIGNUMERIC would be rounded to NUMERIC by the macros' parameters: what may be one is checked by type, before anything runs. */
export const guarded = (value: Expr): string =>
  value.type === undefined && !value.isNull && value.checked !== true ? macro('narrow', value.sql) : value.sql

const resultType = (operator: Operator, a: Expr, b: Expr): Type | undefined => {
  const types = [a.type, b.type]
  if (types.includes(undefined)) return undefined
  if (types.includes('FLOAT64')) return 'FLOAT64'
  if (types.includes('NUMERIC')) return 'NUMERIC'
  return operator === '/' ? 'FLOAT64' : undefined
}

/** Several values that give one: branches, COALESCE, GREATEST. */
export const unify = (values: readonly Expr[]): { values: string[]; type: Type | undefined; checked: boolean } => {
  const settled = values.map((value, index) =>
    settle(
      value,
      values.filter((_, other) => other !== index),
    ),
  )
  const types = settled.filter((value) => !value.isNull).map((value) => value.type)
  const [first] = types
  const type = types.every((one) => one === first) ? first : mixed(types)
  return {
    values: settled.map((value) => value.sql),
    type,
    checked: settled.every((value) => value.type !== undefined || value.isNull === true || value.checked === true),
  }
}

const mixed = (types: readonly (Type | undefined)[]): Type | undefined => {
  if (types.includes(undefined) || !types.every((type) => type === 'INT64' || type === 'FLOAT64' || type === 'NUMERIC'))
    return undefined
  return types.includes('FLOAT64') ? 'FLOAT64' : 'NUMERIC'
}

/** Fifteen digits are exact as a double too, so that the constant compares rightly with NUMERIC, INT64 and FLOAT64. */
const constant = (value: Expr): string =>
  value.float !== undefined && /^-?\d+\.?\d*$/.test(value.float) && value.float.replace(/\D/g, '').length <= 15
    ? value.float
    : value.sql

/** A value as it is compared with another. */
export const comparable = (value: Expr, other: Expr): string =>
  other.type === 'FLOAT64' || other.float !== undefined ? value.sql : constant(value)

export const compare = (operator: string, left: Expr, right: Expr): Expr => ({
  sql: `(${comparable(left, right)} ${operator} ${comparable(right, left)})`,
  type: 'BOOL',
})

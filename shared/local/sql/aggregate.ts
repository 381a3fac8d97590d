import { guarded } from './arithmetic.ts'
import { compileHoisted } from './hoist.ts'
import { wholeNumber } from './literal.ts'
import { isAbsent, kindOf, listOf, type Body } from './node.ts'
import { orderBy } from './order.ts'
import { macro } from './sql-text.ts'
import type { Expr, Translation, Type } from './translation.ts'

/** An aggregate as plain aggregates, each of which can take OVER, and what is made of them. */
export interface Aggregate {
  readonly parts: readonly string[]
  readonly finish: (parts: readonly string[]) => string
  readonly type?: Type | undefined
  readonly checked?: boolean | undefined
  /** Has something that a window does not take. */
  readonly plainOnly?: boolean
}

interface Call {
  readonly value: Expr
  readonly distinct: string
  readonly body: Body
}

const one = (part: string, type?: Type): Aggregate => ({ parts: [part], finish: ([text]) => text ?? '', type })

type Read = (translation: Translation, call: Call) => Aggregate

const plain =
  (name: string, type?: Type): Read =>
  (_, { value, distinct }) =>
    one(`${name}(${distinct}${value.sql})`, type ?? undefined)

const sameType =
  (name: string): Read =>
  (_, { value, distinct }) =>
    one(`${name}(${distinct}${value.sql})`, value.type)

/** DuckDB sums BIGINT as HUGEINT, and averages decimals as doubles. */
const sum: Read = (_, { value, distinct }) => ({
  parts: [`sum(${distinct}${value.sql})`],
  finish: ([text = '']) => (value.type === 'NUMERIC' || value.type === 'FLOAT64' ? text : macro('sum_result', text)),
  type: value.type,
  checked: value.checked,
})

const average: Read = (_, { value, distinct }) => ({
  parts: [`sum(${distinct}${guarded(value)})`, `count(${distinct}${value.sql})`],
  finish: (parts) => macro('average', ...parts),
  type: value.type === 'INT64' ? 'FLOAT64' : value.type,
  checked: true,
})

/** NaN is less than any number for BigQuery's MIN, and greater for DuckDB's. */
const minimum: Read = (_, { value, distinct }) => ({
  parts:
    value.type === undefined || value.type === 'FLOAT64'
      ? [`min(${value.sql})`, `max(${value.sql})`]
      : [`min(${distinct}${value.sql})`],
  finish: (parts) => (parts.length === 1 ? (parts[0] ?? '') : macro('min_result', ...parts)),
  type: value.type,
})

const countIf: Read = (_, { value, distinct }) => one(`count(${distinct}CASE WHEN ${value.sql} THEN TRUE END)`, 'INT64')

const floating =
  (name: string): Read =>
  (_, { value, distinct }) =>
    one(`${name}(${distinct}gsql.only_double(${guarded(value)}))`, 'FLOAT64')

const READERS: Readonly<Record<string, Read>> = {
  sum,
  avg: average,
  min: minimum,
  max: sameType('max'),
  count_if: countIf,
  logical_and: plain('bool_and', 'BOOL'),
  logical_or: plain('bool_or', 'BOOL'),
  stddev: floating('stddev_samp'),
  stddev_samp: floating('stddev_samp'),
  stddev_pop: floating('stddev_pop'),
  variance: floating('var_samp'),
  var_samp: floating('var_samp'),
  var_pop: floating('var_pop'),
  approx_count_distinct: (_, { value }) => one(`count(DISTINCT ${value.sql})`, 'INT64'),
  bitwise_and_agg: plain('bit_and', 'INT64'),
  bitwise_or_agg: plain('bit_or', 'INT64'),
}

export const compileAggregate = (translation: Translation, kind: string, body: Body): Expr | undefined => {
  const aggregate = readAggregate(translation, kind, body)
  return (
    aggregate && {
      sql: aggregate.finish(aggregate.parts.map((part) => translation.hoist(part, true))),
      type: aggregate.type,
      checked: aggregate.checked,
    }
  )
}

export const readAggregate = (translation: Translation, kind: string, body: Body): Aggregate | undefined => {
  const special = Object.hasOwn(SPECIAL, kind) ? SPECIAL[kind] : undefined
  if (special) return special(translation, body)
  const reader = Object.hasOwn(READERS, kind) ? READERS[kind] : undefined
  if (!reader) return undefined
  const { this: inner, distinct } = translation.read(kind, body, ['this', 'distinct', 'name'])
  if (distinct === true) translation.count('DISTINCT')
  const aggregate = reader(translation, {
    value: compileHoisted(translation, inner),
    distinct: distinct === true ? 'DISTINCT ' : '',
    body,
  })
  return distinct === true ? { ...aggregate, plainOnly: true } : aggregate
}

const count = (translation: Translation, body: Body): Aggregate => {
  const { this: inner, star, distinct } = translation.read('COUNT', body, ['this', 'star', 'distinct'])
  if (star === true) return one('count(*)', 'INT64')
  if (kindOf(inner)?.kind === 'tuple')
    return translation.refuse(body, 'COUNT of several values is not available in the embedded warehouse', 'COUNT')
  if (distinct === true) translation.count('DISTINCT')
  return {
    ...one(`count(${distinct === true ? 'DISTINCT ' : ''}${compileHoisted(translation, inner).sql})`, 'INT64'),
    plainOnly: distinct === true,
  }
}

/** What stands inside the parentheses of ARRAY_AGG and STRING_AGG beside the value. */
const readCollected = (translation: Translation, name: string, body: Body, keys: readonly string[]) => {
  const read = translation.read(name, body, ['this', 'distinct', 'order_by', 'ignore_nulls', 'limit', 'name', ...keys])
  if (read.distinct === true) translation.count('DISTINCT')
  if (read.ignore_nulls === true) translation.count('IGNORE')
  const { sql: text, isNull } = compileHoisted(translation, read.this)
  const value = isNull ? 'CAST(NULL AS BIGINT)' : text
  const order = isAbsent(read.order_by) ? '' : ` ${orderBy(translation, read.order_by, false)}`
  const limit = isAbsent(read.limit) ? undefined : wholeNumber(read.limit)
  if (!isAbsent(read.limit)) {
    if (limit === undefined) return translation.refuse(body, `LIMIT in ${name} must be a whole number`, 'LIMIT')
    translation.count('LIMIT')
    translation.countNumber()
  }
  const plainOnly = read.distinct === true || order !== '' || limit !== undefined
  const list = (ignoreNulls: boolean): string =>
    `list(${read.distinct === true ? 'DISTINCT ' : ''}${value}${order})${ignoreNulls ? ` FILTER (WHERE (${value}) IS NOT NULL)` : ''}`
  const cut = (text: string): string => (limit === undefined ? text : `list_slice(${text}, 1, ${limit})`)
  return { read, list, cut, plainOnly }
}

const arrayAgg = (translation: Translation, body: Body): Aggregate => {
  const { read, list, cut, plainOnly } = readCollected(translation, 'ARRAY_AGG', body, [])
  return { parts: [list(read.ignore_nulls === true)], finish: ([text = '']) => cut(text), plainOnly }
}

const stringAgg = (translation: Translation, body: Body): Aggregate => {
  const { read, list, cut, plainOnly } = readCollected(translation, 'STRING_AGG', body, ['separator'])
  const given = isAbsent(read.separator) ? undefined : compileHoisted(translation, read.separator)
  if (given?.type === 'BYTES')
    return translation.refuse(body, 'STRING_AGG of BYTES is not available in the embedded warehouse', 'STRING_AGG')
  const separator = given?.sql ?? "','"
  return {
    parts: [list(true)],
    finish: ([text = '']) => `array_to_string(${cut(text)}, ${separator})`,
    type: 'STRING',
    plainOnly,
  }
}

const anyValue = (translation: Translation, body: Body): Aggregate => {
  const { this: inner, having_max: having } = translation.read('ANY_VALUE', body, ['this', 'name', 'having_max'])
  const value = compileHoisted(translation, inner)
  if (!Array.isArray(having)) return one(`any_value(${value.sql})`, value.type)
  translation.count('HAVING')
  const [by, largest] = having as [unknown, unknown]
  return {
    ...one(
      `${largest === true ? 'arg_max' : 'arg_min'}_null(${value.sql}, ${compileHoisted(translation, by).sql})`,
      value.type,
    ),
    plainOnly: true,
  }
}

const TWO: Readonly<Record<string, (a: string, b: string) => Aggregate>> = {
  // Of one pair: NULL.
  CORR: (a, b) => ({
    parts: [`corr(${a}, ${b})`, `regr_count(${a}, ${b})`],
    finish: ([text = '', pairs = '']) => `(CASE WHEN ${pairs} > 1 THEN ${text} END)`,
    type: 'FLOAT64',
  }),
  COVAR_POP: (a, b) => one(`covar_pop(${a}, ${b})`, 'FLOAT64'),
  COVAR_SAMP: (a, b) => one(`covar_samp(${a}, ${b})`, 'FLOAT64'),
}

/** The parser's node for aggregates that it has no own node for. */
const named = (translation: Translation, body: Body): Aggregate => {
  const { name, args } = translation.read(String(body.name), body, ['name', 'args'])
  const word = String(name).toUpperCase()
  const [first, second, ...more] = listOf(args)
  const two = Object.hasOwn(TWO, word) ? TWO[word] : undefined
  if (!two || more.length > 0 || second === undefined)
    return translation.refuse(body, `${word} is not available in the embedded warehouse`, word)
  const [a, b] = [first, second].map((arg: unknown) => `gsql.only_double(${guarded(compileHoisted(translation, arg))})`)
  return two(a ?? '', b ?? '')
}

const SPECIAL: Readonly<Record<string, (translation: Translation, body: Body) => Aggregate>> = {
  count,
  array_agg: arrayAgg,
  string_agg: stringAgg,
  any_value: anyValue,
  aggregate_function: named,
}

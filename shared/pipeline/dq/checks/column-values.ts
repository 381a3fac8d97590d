import type { ExpectationKwargs } from '@convergence/core/config/expectation-types.ts'
import { BadExpectation } from '../bad-expectation.ts'
import { columnOf, type Check, type CheckContext } from '../check.ts'
import { compareWith, isOneOf, type Scalar } from '../compare.ts'
import { kindOf, numberField, typeText, type Operand } from '../operand.ts'
import { checkLikePattern } from '../patterns.ts'
import { checkRegex } from '../regex.ts'
import { isNull, rowCheck } from './row-check.ts'

/** One column, each value by itself: NULLs are not looked at. */
interface OfColumn {
  readonly column: string
  readonly mostly: number
}

const valueCheck = (
  context: CheckContext,
  kwargs: OfColumn,
  fault: string,
  write: (column: Operand) => string,
): Check => {
  const column = columnOf(context, kwargs.column)
  return rowCheck(context, {
    columns: [column],
    missing: isNull(column),
    expected: write(column),
    fault,
    mostly: kwargs.mostly,
  })
}

const textCheck = (context: CheckContext, kwargs: OfColumn, fault: string, write: (text: string) => string): Check =>
  valueCheck(context, kwargs, fault, (column) => {
    if (kindOf(column.field) !== 'text')
      throw new BadExpectation(`column ${column.field.name} is ${typeText(column.field)}, and must be STRING`)
    return write(column.sql)
  })

export const notNull = (context: CheckContext, kwargs: OfColumn): Check => {
  const column = columnOf(context, kwargs.column)
  return rowCheck(context, {
    columns: [column],
    missing: undefined,
    expected: `${column.sql} IS NOT NULL`,
    fault: 'are null',
    mostly: kwargs.mostly,
  })
}

export const beNull = (context: CheckContext, kwargs: OfColumn): Check => {
  const column = columnOf(context, kwargs.column)
  return rowCheck(context, {
    columns: [column],
    missing: undefined,
    expected: isNull(column),
    fault: 'are not null',
    mostly: kwargs.mostly,
  })
}

export interface Bounds {
  readonly min_value: string | number | null
  readonly max_value: string | number | null
  readonly strict_min: boolean
  readonly strict_max: boolean
}

/** Boolean SQL of the bounds that are given; undefined for none. */
export const inBounds = (operand: Operand, bounds: Bounds, context: CheckContext): string | undefined => {
  const low =
    bounds.min_value === null ? [] : [compareWith(operand, bounds.strict_min ? '>' : '>=', bounds.min_value, context)]
  const high =
    bounds.max_value === null ? [] : [compareWith(operand, bounds.strict_max ? '<' : '<=', bounds.max_value, context)]
  const both = [...low, ...high]
  return both.length === 0 ? undefined : both.join(' AND ')
}

export const boundsText = (bounds: Bounds): string =>
  [
    bounds.min_value === null ? '' : `${bounds.strict_min ? 'above' : 'at least'} ${bounds.min_value}`,
    bounds.max_value === null ? '' : `${bounds.strict_max ? 'below' : 'at most'} ${bounds.max_value}`,
  ]
    .filter((text) => text !== '')
    .join(' and ')

export const between = (
  context: CheckContext,
  kwargs: ExpectationKwargs<'expect_column_values_to_be_between'>,
): Check =>
  valueCheck(context, kwargs, `are not ${boundsText(kwargs)}`, (column) => inBounds(column, kwargs, context) ?? 'TRUE')

interface OfSet extends OfColumn {
  readonly value_set: readonly Scalar[]
}

export const inSet = (context: CheckContext, kwargs: OfSet): Check =>
  valueCheck(context, kwargs, 'are not in the set', (column) => isOneOf(column, kwargs.value_set, context))

export const notInSet = (context: CheckContext, kwargs: OfSet): Check =>
  valueCheck(context, kwargs, 'are in the set', (column) => `NOT ${isOneOf(column, kwargs.value_set, context)}`)

const bindText = (context: CheckContext, text: string): string => context.parameters.bind(text, { type: 'STRING' })

const matching = (context: CheckContext, regex: string) => {
  checkRegex(regex)
  return (text: string) => context.dialect.matches(text, bindText(context, regex))
}

export const matchRegex = (context: CheckContext, kwargs: OfColumn & { readonly regex: string }): Check =>
  textCheck(context, kwargs, `do not match ${kwargs.regex}`, matching(context, kwargs.regex))

export const notMatchRegex = (context: CheckContext, kwargs: OfColumn & { readonly regex: string }): Check =>
  textCheck(context, kwargs, `match ${kwargs.regex}`, (text) => `NOT ${matching(context, kwargs.regex)(text)}`)

type MatchOn = 'any' | 'all'

/** Each test once; joined by OR or AND. */
const joined = (tests: readonly string[], on: MatchOn): string => `(${tests.join(on === 'any' ? ' OR ' : ' AND ')})`

export const matchRegexList = (
  context: CheckContext,
  kwargs: OfColumn & { readonly regex_list: readonly string[]; readonly match_on: MatchOn },
): Check =>
  textCheck(context, kwargs, `do not match ${kwargs.match_on} of the regexes`, (text) =>
    joined(
      kwargs.regex_list.map((regex) => matching(context, regex)(text)),
      kwargs.match_on,
    ),
  )

export const notMatchRegexList = (
  context: CheckContext,
  kwargs: OfColumn & { readonly regex_list: readonly string[] },
): Check =>
  textCheck(
    context,
    kwargs,
    'match one of the regexes',
    (text) =>
      `NOT ${joined(
        kwargs.regex_list.map((regex) => matching(context, regex)(text)),
        'any',
      )}`,
  )

const like = (context: CheckContext, pattern: string) => {
  checkLikePattern(pattern)
  return (text: string) => `(${context.dialect.like(text, bindText(context, pattern))})`
}

export const matchLike = (context: CheckContext, kwargs: OfColumn & { readonly like_pattern: string }): Check =>
  textCheck(context, kwargs, `are not like ${kwargs.like_pattern}`, like(context, kwargs.like_pattern))

export const notMatchLike = (context: CheckContext, kwargs: OfColumn & { readonly like_pattern: string }): Check =>
  textCheck(
    context,
    kwargs,
    `are like ${kwargs.like_pattern}`,
    (text) => `NOT ${like(context, kwargs.like_pattern)(text)}`,
  )

export const matchLikeList = (
  context: CheckContext,
  kwargs: OfColumn & { readonly like_pattern_list: readonly string[]; readonly match_on: MatchOn },
): Check =>
  textCheck(context, kwargs, `are not like ${kwargs.match_on} of the patterns`, (text) =>
    joined(
      kwargs.like_pattern_list.map((pattern) => like(context, pattern)(text)),
      kwargs.match_on,
    ),
  )

export const notMatchLikeList = (
  context: CheckContext,
  kwargs: OfColumn & { readonly like_pattern_list: readonly string[] },
): Check =>
  textCheck(
    context,
    kwargs,
    'are like one of the patterns',
    (text) =>
      `NOT ${joined(
        kwargs.like_pattern_list.map((pattern) => like(context, pattern)(text)),
        'any',
      )}`,
  )

export const jsonParseable = (context: CheckContext, kwargs: OfColumn): Check =>
  textCheck(context, kwargs, 'are not JSON', (text) => context.dialect.isJson(text))

/** In characters; of BYTES in bytes. */
const lengthOf = ({ sql, field }: Operand, context: CheckContext): Operand => {
  const kind = kindOf(field)
  if (kind !== 'text' && kind !== 'bytes')
    throw new BadExpectation(`column ${field.name} is ${typeText(field)}, and must be STRING or BYTES`)
  return { sql: kind === 'bytes' ? context.dialect.byteLength(sql) : `LENGTH(${sql})`, field: numberField('INT64') }
}

export const lengthsBetween = (
  context: CheckContext,
  kwargs: ExpectationKwargs<'expect_column_value_lengths_to_be_between'>,
): Check =>
  valueCheck(
    context,
    kwargs,
    `have a length that is not ${boundsText(kwargs)}`,
    (column) => inBounds(lengthOf(column, context), kwargs, context) ?? 'TRUE',
  )

export const lengthsEqual = (context: CheckContext, kwargs: OfColumn & { readonly value: number }): Check =>
  valueCheck(context, kwargs, `do not have length ${kwargs.value}`, (column) =>
    compareWith(lengthOf(column, context), '=', kwargs.value, context),
  )

import { BadExpectation } from '../bad-expectation.ts'
import { columnOf, type Check, type CheckContext } from '../check.ts'
import { comparePair, compareWith, type Scalar } from '../compare.ts'
import type { Field } from '@convergence/core/table.ts'
import { isNumeric, typeText, type Operand } from '../operand.ts'
import { isNull, rowCheck } from './row-check.ts'

/** Several columns of one row against each other. A NULL on one side only is a failure. */
interface OfPair {
  readonly column_A: string
  readonly column_B: string
  readonly ignore_row_if: 'both_values_are_missing' | 'either_value_is_missing' | 'neither'
  readonly mostly: number
}

interface OfColumns {
  readonly column_list: readonly string[]
  readonly ignore_row_if: IgnoreRow
  readonly mostly: number
}

export type IgnoreRow = 'all_values_are_missing' | 'any_value_is_missing' | 'never'

export const missingRow = (columns: readonly Operand[], ignore: IgnoreRow): string | undefined =>
  ignore === 'never' ? undefined : columns.map(isNull).join(ignore === 'all_values_are_missing' ? ' AND ' : ' OR ')

const PAIR_RULES: Readonly<Record<OfPair['ignore_row_if'], IgnoreRow>> = {
  both_values_are_missing: 'all_values_are_missing',
  either_value_is_missing: 'any_value_is_missing',
  neither: 'never',
}

const pairCheck = (
  context: CheckContext,
  kwargs: OfPair,
  fault: string,
  write: (a: Operand, b: Operand) => string,
): Check => {
  const [a, b] = [columnOf(context, kwargs.column_A), columnOf(context, kwargs.column_B)]
  const missing = missingRow([a, b], PAIR_RULES[kwargs.ignore_row_if])
  return rowCheck(context, { columns: [a, b], missing, expected: write(a, b), fault, mostly: kwargs.mostly })
}

export const pairEqual = (context: CheckContext, kwargs: OfPair): Check =>
  pairCheck(context, kwargs, 'are not equal', (a, b) => comparePair(a, '=', b, context))

export const pairGreater = (context: CheckContext, kwargs: OfPair & { readonly or_equal: boolean }): Check =>
  pairCheck(context, kwargs, kwargs.or_equal ? 'are less' : 'are not greater', (a, b) =>
    comparePair(a, kwargs.or_equal ? '>=' : '>', b, context),
  )

type Pair = readonly [Scalar | null, Scalar | null]

export const pairInSet = (
  context: CheckContext,
  kwargs: OfPair & { readonly value_pairs_set: readonly Pair[] },
): Check =>
  pairCheck(context, kwargs, 'are not in the set', (a, b) => {
    const is = (operand: Operand, value: Scalar | null) =>
      value === null ? isNull(operand) : compareWith(operand, '=', value, context)
    const pairs = kwargs.value_pairs_set.map(([left, right]) => `(${is(a, left)} AND ${is(b, right)})`)
    return pairs.length === 0 ? 'FALSE' : `(${pairs.join(' OR ')})`
  })

const recordCheck = (
  context: CheckContext,
  kwargs: OfColumns,
  fault: string,
  write: (columns: readonly Operand[]) => string,
): Check => {
  const columns = kwargs.column_list.map((name) => columnOf(context, name))
  return rowCheck(context, {
    columns,
    missing: missingRow(columns, kwargs.ignore_row_if),
    expected: write(columns),
    fault,
    mostly: kwargs.mostly,
  })
}

/** Two NULLs in one row are the same value twice. */
export const uniqueInRecord = (context: CheckContext, kwargs: OfColumns): Check =>
  recordCheck(context, kwargs, 'hold a value twice', (columns) => {
    const pairs = columns.flatMap((left, index) => columns.slice(index + 1).map((right) => [left, right] as const))
    return pairs
      .map(([a, b]) => `NOT (COALESCE(${comparePair(a, '=', b, context)}, FALSE) OR (${isNull(a)} AND ${isNull(b)}))`)
      .join(' AND ')
  })

export const recordEqual = (context: CheckContext, kwargs: OfColumns): Check =>
  recordCheck(context, kwargs, 'are not all equal', ([first, ...others]) =>
    others
      .map(
        (other) =>
          `(COALESCE(${comparePair(first!, '=', other, context)}, FALSE) OR (${isNull(first!)} AND ${isNull(other)}))`,
      )
      .join(' AND '),
  )

export const recordSum = (context: CheckContext, kwargs: OfColumns & { readonly sum_total: string | number }): Check =>
  recordCheck(context, kwargs, `do not add up to ${kwargs.sum_total}`, (columns) => {
    const odd = columns.find(({ field }) => !isNumeric(field))
    if (odd) throw new BadExpectation(`column ${odd.field.name} is ${typeText(odd.field)}, and must be a number`)
    return compareWith(sumOf(columns, context), '=', kwargs.sum_total, context)
  })

/** In the widest of the types; one NULL makes the sum NULL. */
const sumOf = (columns: readonly Operand[], context: CheckContext): Operand => {
  const has = (type: Field['type']) => columns.some(({ field }) => field.type === type)
  const type = (['FLOAT64', 'BIGNUMERIC', 'NUMERIC'] as const).find(has) ?? 'INT64'
  const widest = columns.find(({ field }) => field.type === type)!.field
  const field: Field = type === 'NUMERIC' ? { name: '', type, mode: 'NULLABLE' } : { ...widest, name: '' }
  const cast = ({ sql, field: own }: Operand) =>
    own.type === type && type !== 'NUMERIC' ? sql : `CAST(${sql} AS ${context.dialect.typeName(field)})`
  return { sql: `(${columns.map(cast).join(' + ')})`, field }
}

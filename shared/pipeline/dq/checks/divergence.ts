import type { ExpectationKwargs } from '@convergence/core/config/expectation-types.ts'
import { BadExpectation } from '../bad-expectation.ts'
import { asCount, columnOf, countRows, type Check, type CheckContext, type Outcome, type Row } from '../check.ts'
import { compareWith, type Scalar } from '../compare.ts'
import { isNumeric, type Operand } from '../operand.ts'
import { notNumeric } from './column-aggregates.ts'
import { groups } from './grouped.ts'
import { plainValue } from './observed.ts'
import { isNull } from './row-check.ts'

type Kwargs = ExpectationKwargs<'expect_column_kl_divergence_to_be_less_than'>
type Values = Extract<Kwargs['partition_object'], { values: unknown }>
type Bins = Exclude<Kwargs['partition_object'], Values>
interface Partition {
  readonly weights: readonly number[]
  readonly values?: readonly unknown[]
  readonly bins?: readonly number[]
  readonly tail_weights?: readonly number[]
}

/** Different values of a column beyond which shares of single values make no sense. */
const MAX_VALUES = 10_000

export const divergenceBelow = (context: CheckContext, kwargs: Kwargs): Check =>
  'values' in kwargs.partition_object
    ? ofValues(context, kwargs, kwargs.partition_object)
    : ofBins(context, kwargs, kwargs.partition_object)

/** Relative entropy of shares that are made to add up to one; infinite where something is there that has no expected share. */
const relativeEntropy = (observed: readonly number[], expected: readonly number[]): number => {
  const total = (shares: readonly number[]) => shares.reduce((sum, one) => sum + one, 0)
  const [all, allExpected] = [total(observed), total(expected)]
  return observed.reduce((sum, share, index) => {
    const [p, q] = [share / all, expected[index]! / allExpected]
    return p === 0 ? sum : sum + p * Math.log(p / q)
  }, 0)
}

interface Shares {
  readonly observed: readonly number[]
  readonly expected: readonly number[]
  readonly partitions: { readonly observed: Partition; readonly expected: Partition }
}

const judge = (
  kwargs: Kwargs,
  shares: Shares | undefined,
  counts: Pick<Outcome, 'elementCount' | 'missingCount'>,
): Outcome => {
  const divergence = shares ? relativeEntropy(shares.observed, shares.expected) : Number.NaN
  const observedValue = Number.isFinite(divergence) ? divergence : null
  return {
    ...counts,
    // A billionth of slack, as everywhere between floats: equal shares may come out at 1e-17.
    success: observedValue !== null && observedValue <= kwargs.threshold + 1e-9,
    observedValue,
    message: `the divergence of ${kwargs.column} is ${observedValue ?? 'infinite'}, and must be at most ${kwargs.threshold}`,
    ...(shares && {
      details: { observed_partition: shares.partitions.observed, expected_partition: shares.partitions.expected },
    }),
  }
}

const ofValues = (context: CheckContext, kwargs: Kwargs, partition: Values): Check => {
  const column = columnOf(context, kwargs.column)
  const member = partition.values.map(
    (value, index) =>
      `WHEN ${compareWith({ sql: 'v0', field: column.field }, '=', value as Scalar, context)} THEN ${index}`,
  )
  return {
    measures: [countRows(context, context.condition), countRows(context, context.condition, isNull(column))],
    queries: [
      `${groups(context, [column], isNull(column))} SELECT v0, n, CASE ${member.join(' ')} ELSE -1 END AS member FROM g ORDER BY v0 LIMIT ${MAX_VALUES + 1}`,
    ],
    judge: ([elements, missing], [rows = []]) => {
      if (rows.length > MAX_VALUES)
        throw new BadExpectation(`column ${kwargs.column} has more than ${MAX_VALUES} different values`)
      const counts = { elementCount: asCount(elements), missingCount: asCount(missing) }
      const present = counts.elementCount - counts.missingCount
      return judge(
        kwargs,
        present === 0 ? undefined : valueShares(kwargs, partition, rows, { present, type: column.field.type }),
        counts,
      )
    },
  }
}

const valueShares = (
  kwargs: Kwargs,
  partition: Values,
  rows: readonly Row[],
  { present, type }: { present: number; type: string },
): Shares => {
  const known = partition.values.map(
    (_, index) =>
      rows.filter((row) => asCount(row[2]) === index).reduce((sum, row) => sum + asCount(row[1]), 0) / present,
  )
  const others = rows.filter((row) => asCount(row[2]) === -1)
  const holdout = kwargs.tail_weight_holdout
  const values = [...partition.values, ...others.map(([value]) => plainValue(value, type))]
  const observed = [...known, ...others.map((row) => asCount(row[1]) / present)]
  // What was not expected shares the holdout; without such values nothing is held out.
  const expected = [
    ...partition.weights.map((one) => (others.length > 0 ? one * (1 - holdout) : one)),
    ...others.map(() => holdout / others.length),
  ]
  return {
    observed,
    expected,
    partitions: { observed: { values, weights: observed }, expected: { values, weights: expected } },
  }
}

const ofBins = (context: CheckContext, kwargs: Kwargs, partition: Bins): Check => {
  const column = columnOf(context, kwargs.column)
  if (!isNumeric(column.field)) throw notNumeric(column.field)
  const edges = partition.bins.map(Number)
  const last = edges.length - 2
  const inside = edges
    .slice(0, -1)
    .map((low, index) => [
      at(column, '>=', low, context),
      at(column, index === last ? '<=' : '<', edges[index + 1]!, context),
    ])
  const outside = [[at(column, '<', edges[0]!, context)], [at(column, '>', edges.at(-1)!, context)]]
  const measured = [...inside, ...outside].map((conditions) =>
    countRows(context, context.condition, `${column.sql} IS NOT NULL`, ...conditions),
  )
  return {
    measures: [
      countRows(context, context.condition),
      countRows(context, context.condition, isNull(column)),
      ...measured,
    ],
    queries: [],
    judge: ([elements, missing, ...found]) => {
      const counts = { elementCount: asCount(elements), missingCount: asCount(missing) }
      const present = counts.elementCount - counts.missingCount
      const shares = found.map((one) => asCount(one) / present)
      return judge(
        kwargs,
        present === 0
          ? undefined
          : binShares(kwargs, partition, { inside: shares.slice(0, -2), tails: shares.slice(-2) }),
        counts,
      )
    },
  }
}

/** Undefined for an infinite edge, which everything but infinity is inside of. Without tolerance: no value may be in two bins. */
const at = (
  column: Operand,
  operator: '<' | '<=' | '>' | '>=',
  edge: number,
  context: CheckContext,
): string | undefined => {
  if (Number.isFinite(edge)) return compareWith(column, operator, edge, { ...context, tolerant: false })
  return edge < 0 === operator.startsWith('<') ? 'FALSE' : undefined
}

/** As Great Expectations weighs them: an infinite bin is a tail of the partition that is reported. */
const binShares = (kwargs: Kwargs, partition: Bins, found: { inside: number[]; tails: number[] }): Shares => {
  const { tail_weight_holdout: tail, internal_weight_holdout: internal } = kwargs
  const scaled = partition.weights.map((one) => one * (1 - tail - internal))
  const empty = scaled.filter((one) => one === 0).length
  const weights = scaled.map((one) => (one === 0 && internal > 0 ? internal / empty : one))
  const edges = partition.bins.map(Number)
  const [open, openEnd] = [edges[0] === -Infinity, edges.at(-1) === Infinity]
  const held = open || openEnd ? [tail, tail] : (partition.tail_weights ?? [tail / 2, tail / 2])
  const inner = (all: readonly number[]) => all.slice(open ? 1 : 0, openEnd ? -1 : undefined)
  const ends = (all: readonly number[], tails: readonly number[]) => [
    open ? all[0]! : tails[0]!,
    openEnd ? all.at(-1)! : tails[1]!,
  ]
  const whole = (all: readonly number[], tails: readonly number[]) => [
    ends(all, tails)[0]!,
    ...inner(all),
    ends(all, tails)[1]!,
  ]
  const reported = (all: readonly number[], tails: readonly number[]): Partition => ({
    bins: inner(edges),
    weights: inner(all),
    tail_weights: ends(all, tails),
  })
  return {
    observed: whole(found.inside, found.tails),
    expected: whole(weights, held),
    partitions: { observed: reported(found.inside, found.tails), expected: reported(weights, held) },
  }
}

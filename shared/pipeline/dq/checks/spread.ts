import type { ExpectationKwargs } from '@convergence/core/config/expectation-types.ts'
import { all, asCount, columnOf, countRows, firstRow, valueText, type Check, type CheckContext } from '../check.ts'
import { atScale, parseDecimal } from '../decimal.ts'
import { isNumeric, kindOf, type Operand } from '../operand.ts'
import { aggregateOutcome, asFloat, notNumeric } from './column-aggregates.ts'
import { inBounds } from './column-values.ts'
import { groups, integer } from './grouped.ts'
import { checkNumberBounds, exactInBounds, floatInBounds, plainNumber, plainValue } from './observed.ts'
import { isNull, judgeRows } from './row-check.ts'

/** What needs the values of a column in order, or their mean before each of them can be judged. */

/** Each value with the number of rows up to it: `upto` of `total`. */
const ranked = (context: CheckContext, column: Operand): string =>
  `${groups(context, [column], isNull(column))}, r AS (SELECT v0, SUM(n) OVER (ORDER BY v0) AS upto, SUM(n) OVER () AS total FROM g)`

export const medianBetween = (
  context: CheckContext,
  kwargs: ExpectationKwargs<'expect_column_median_to_be_between'>,
): Check => {
  checkNumberBounds(kwargs)
  const column = columnOf(context, kwargs.column)
  if (!isNumeric(column.field)) throw notNumeric(column.field)
  return {
    measures: [countRows(context, context.condition)],
    queries: [
      `${ranked(context, column)} SELECT MIN(CASE WHEN 2 * upto >= total THEN v0 END) AS low, MIN(CASE WHEN 2 * upto > total THEN v0 END) AS high, ${integer(context, 'MAX(total)')} AS present FROM r`,
    ],
    judge: ([elements], queries) => {
      const [low, high, present] = firstRow(queries)
      const counts = { elementCount: asCount(elements), missingCount: asCount(elements) - asCount(present) }
      return aggregateOutcome('median', kwargs, { ...middle(low, high, column, kwargs), ...counts })
    },
  }
}

/** Halfway between the two values in the middle. */
const middle = (low: unknown, high: unknown, { field }: Operand, bounds: Parameters<typeof exactInBounds>[2]) => {
  if (low === null || low === undefined) return { success: false, observedValue: null }
  if (kindOf(field) === 'float') {
    const value = Number(low) + (Number(high) - Number(low)) / 2
    return { success: floatInBounds(value, bounds), observedValue: value }
  }
  const [a, b] = [parseDecimal(valueText(low))!, parseDecimal(valueText(high))!]
  const scale = Math.max(a.scale, b.scale)
  const sum = atScale(a, scale).floor + atScale(b, scale).floor
  return {
    success: exactInBounds({ digits: sum, scale }, 2n, bounds),
    observedValue: plainNumber({ digits: sum * 5n, scale: scale + 1 }),
  }
}

export const quantilesBetween = (
  context: CheckContext,
  kwargs: ExpectationKwargs<'expect_column_quantile_values_to_be_between'>,
): Check => {
  const column = columnOf(context, kwargs.column)
  const { quantiles, value_ranges: ranges } = kwargs.quantile_ranges
  const columns = quantiles.flatMap((quantile, index) => {
    const share = context.parameters.bind(quantile, { type: 'FLOAT64' })
    // Less than a row's worth of slack: 0.3 * 10 is not 3 in floats.
    const value: Operand = { sql: `MIN(CASE WHEN upto >= ${share} * total - 1e-9 THEN v0 END)`, field: column.field }
    const [min_value, max_value] = ranges[index]!
    return [
      value.sql,
      inBounds(value, { min_value, max_value, strict_min: false, strict_max: false }, context) ??
        `${value.sql} IS NOT NULL`,
    ]
  })
  return {
    measures: [countRows(context, context.condition), countRows(context, context.condition, isNull(column))],
    queries: [
      `${ranked(context, column)} SELECT ${columns.map((sql, index) => `${sql} AS q${index}`).join(', ')} FROM r`,
    ],
    judge: ([elements, missing], queries) => {
      const row = firstRow(queries)
      const inside = quantiles.map((_, index) => row[2 * index + 1] === true)
      const values = quantiles.map((_, index) => plainValue(row[2 * index], column.field.type))
      const wrong = quantiles.flatMap((quantile, index) =>
        inside[index]
          ? []
          : [
              `${quantile} is ${valueText(values[index])}, not in [${ranges[index]!.map((end) => end ?? '').join(', ')}]`,
            ],
      )
      return {
        success: wrong.length === 0,
        observedValue: { quantiles, values },
        elementCount: asCount(elements),
        missingCount: asCount(missing),
        message:
          wrong.length === 0
            ? `the quantiles of ${kwargs.column} are in their ranges`
            : `quantiles of ${kwargs.column}: ${wrong.join('; ')}`,
        details: { success_details: inside },
      }
    },
  }
}

interface Spread {
  readonly column: Operand
  readonly mostly: number
  readonly fault: string
  /** A WITH list that ends in `dq_stats`, of one row. */
  readonly with: string
  /** Of the value as a float, over the columns of `dq_stats`. */
  readonly expected: (value: string) => string
}

const spreadCheck = (context: CheckContext, spread: Spread): Check => {
  const { column, mostly, fault } = spread
  const failing = all(
    context.condition,
    `${column.sql} IS NOT NULL`,
    `NOT COALESCE(${spread.expected(asFloat(context, column))}, FALSE)`,
  )
  return {
    measures: [countRows(context, context.condition), countRows(context, context.condition, isNull(column))],
    queries: [
      `${spread.with} SELECT ${context.dialect.countIf(failing)} AS unexpected FROM {{input}} CROSS JOIN dq_stats`,
    ],
    judge: ([elements, missing], queries) =>
      judgeRows(
        { columns: [column], mostly, fault },
        { elements: asCount(elements), missing: asCount(missing), unexpected: asCount(firstRow(queries)[0]) },
      ),
    samples: {
      columns: [column.field],
      sql: (select, limit) =>
        `${spread.with} SELECT ${select} FROM {{input}} CROSS JOIN dq_stats WHERE ${failing} LIMIT ${limit}`,
    },
  }
}

/** Mean and deviation, under names that a table's columns hardly have: those stand beside them without a qualifier. */
const deviation = (context: CheckContext, column: Operand): string => {
  const value = asFloat(context, column)
  return `WITH dq_stats AS (SELECT AVG(${value}) AS dq_mean, STDDEV_SAMP(${value}) AS dq_stdev FROM {{input}} WHERE ${all(context.condition)})`
}

const numericColumn = (context: CheckContext, name: string): Operand => {
  const column = columnOf(context, name)
  if (!isNumeric(column.field)) throw notNumeric(column.field)
  return column
}

export const zScoresLess = (
  context: CheckContext,
  kwargs: ExpectationKwargs<'expect_column_value_z_scores_to_be_less_than'>,
): Check => {
  const column = numericColumn(context, kwargs.column)
  const threshold = context.parameters.bind(kwargs.threshold, { type: 'FLOAT64' })
  const score = (value: string) =>
    kwargs.double_sided ? `ABS(${value} - dq_stats.dq_mean)` : `${value} - dq_stats.dq_mean`
  const expected = (value: string) => `(${score(value)} < ${threshold} * dq_stats.dq_stdev)`
  return spreadCheck(context, {
    column,
    mostly: kwargs.mostly,
    fault: `have a z-score of ${kwargs.threshold} or more`,
    with: deviation(context, column),
    expected,
  })
}

export const notOutliers = (
  context: CheckContext,
  kwargs: ExpectationKwargs<'expect_column_values_to_not_be_outliers'>,
): Check => {
  const column = numericColumn(context, kwargs.column)
  const multiplier = context.parameters.bind(kwargs.multiplier, { type: 'FLOAT64' })
  const fault = 'are outliers'
  const center = kwargs.method === 'std' ? 'dq_mean' : 'dq_median'
  const width = kwargs.method === 'std' ? 'dq_stdev' : 'dq_range'
  return spreadCheck(context, {
    column,
    mostly: kwargs.mostly,
    fault,
    with: kwargs.method === 'std' ? deviation(context, column) : quartiles(context, column),
    expected: (value) => `(ABS(${value} - dq_stats.${center}) < ${multiplier} * dq_stats.${width})`,
  })
}

/** Median and interquartile range, interpolated between neighbouring values as numpy's percentiles are. */
const quartiles = (context: CheckContext, column: Operand): string => {
  const value = asFloat(context, { sql: 'v0', field: column.field })
  // Row `place` (from 0) of the values in order; `upto` counts from 1.
  const at = (place: string) => `MIN(CASE WHEN upto > ${place} THEN ${value} END)`
  const quantile = (quarters: number) => {
    const place = `${quarters} * (total - 1) / 4e0`
    return `(${at(`FLOOR(${place})`)} + (MAX(${place}) - FLOOR(MAX(${place}))) * (${at(`CEIL(${place})`)} - ${at(`FLOOR(${place})`)}))`
  }
  return `${ranked(context, column)}, dq_stats AS (SELECT ${quantile(2)} AS dq_median, ${quantile(3)} - ${quantile(1)} AS dq_range FROM r)`
}

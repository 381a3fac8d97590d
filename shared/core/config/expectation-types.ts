import { z } from 'zod'

/**
 * The expectations that are supported, and their arguments, in Great Expectations' own names. `rows`: each row passes or fails by
 * itself, so that `mostly` has a meaning and failing rows can be quarantined.
 */
const column = z.string().min(1)
const columnList = z.array(column).min(1)
const value = z.union([z.string(), z.number(), z.boolean()], 'must be a text, a number or a boolean')
const valueSet = z.array(value)

/** A boolean GoogleSQL expression over the row; rows for which it is not true are left out. */
const condition = { row_condition: z.string().min(1).max(2_000).optional() }
const mostly = { mostly: z.number().min(0).max(1).default(1) }
const everyRow = { ...condition, ...mostly }

const strictEnds = { strict_min: z.boolean().default(false), strict_max: z.boolean().default(false) }

/** One end may be left out, or null; both may not. Numbers, or texts of dates and times. */
const bound = z.union([z.number(), z.string()]).nullable().default(null)
const valueRange = { min_value: bound, max_value: bound, ...strictEnds }
const count = z.int().min(0).nullable().default(null)
const countRange = { min_value: count, max_value: count }

interface Range {
  readonly min_value: string | number | null
  readonly max_value: string | number | null
}

const isRange = (kwargs: Range): boolean => {
  const { min_value: min, max_value: max } = kwargs
  return min === null || max === null || typeof min !== typeof max || min <= max
}

const range = <S extends z.ZodRawShape>(shape: S) =>
  z
    .strictObject(shape)
    .refine(
      (kwargs) => (kwargs as unknown as Range).min_value !== null || (kwargs as unknown as Range).max_value !== null,
      {
        path: ['min_value'],
        message: 'give min_value, max_value or both',
      },
    )
    .refine((kwargs) => isRange(kwargs as unknown as Range), {
      path: ['min_value'],
      message: 'must not be greater than max_value',
    })

/** For aggregates that Great Expectations also takes without any bound: then they only need a value. */
const looseRange = <S extends z.ZodRawShape>(shape: S) =>
  z.strictObject(shape).refine((kwargs) => isRange(kwargs as unknown as Range), {
    path: ['min_value'],
    message: 'must not be greater than max_value',
  })

const ofColumn = { column, ...condition }
const ofEachValue = { column, ...everyRow }
const ofPair = {
  column_A: column,
  column_B: column,
  ignore_row_if: z
    .enum(['both_values_are_missing', 'either_value_is_missing', 'neither'])
    .default('both_values_are_missing'),
  ...everyRow,
}

const ofRecord = {
  column_list: z.array(column).min(2),
  ignore_row_if: z.enum(['all_values_are_missing', 'any_value_is_missing', 'never']).default('all_values_are_missing'),
  ...everyRow,
}
const matchOn = { match_on: z.enum(['any', 'all']).default('any') }
const texts = z.array(z.string().max(1_000)).min(1).max(100)
const pairMember = value.nullable()
const quantileRange = z
  .tuple([bound.unwrap(), bound.unwrap()])
  .refine(([min, max]) => isRange({ min_value: min, max_value: max }), 'must be an ordered pair: the lower bound first')
const quantileRanges = z
  .strictObject({
    quantiles: z.array(z.number().min(0).max(1)).min(1).max(100),
    value_ranges: z.array(quantileRange).min(1),
  })
  .refine(
    ({ quantiles, value_ranges: ranges }) => quantiles.length === ranges.length,
    'needs one value range for each quantile',
  )

const sumsToOne = (weights: readonly number[]): boolean =>
  Math.abs(weights.reduce((sum, one) => sum + one, 0) - 1) < 1e-5
const weight = z.number().min(0)
const edge = z.union([z.number(), z.enum(['-Infinity', 'Infinity'])])

/** Shares of single values; or of the ranges between edges, the last of which includes its upper edge, and of what lies beyond them. */
const partition = z.union([
  z
    .strictObject({ values: z.array(value).min(1).max(1_000), weights: z.array(weight).min(1) })
    .refine(({ values, weights }) => values.length === weights.length, 'needs one weight for each value')
    .refine(({ weights }) => sumsToOne(weights), 'weights must add up to 1'),
  z
    .strictObject({
      bins: z.array(edge).min(2).max(1_001),
      weights: z.array(weight).min(1),
      tail_weights: z.tuple([weight, weight]).optional(),
    })
    .refine(
      ({ bins, weights }) => bins.length === weights.length + 1,
      'needs one weight for each range between two bins',
    )
    .refine(
      ({ bins }) => bins.every((one, index) => index === 0 || Number(bins[index - 1]) < Number(one)),
      'bins must increase',
    )
    .refine(
      ({ weights, tail_weights: tails = [0, 0] }) => sumsToOne([...weights, ...tails]),
      'weights must add up to 1',
    )
    .refine(
      ({ bins, tail_weights: tails }) => tails === undefined || bins.every((one) => typeof one === 'number'),
      'tail_weights need finite bins',
    ),
])
const divergence = z
  .strictObject({
    ...ofColumn,
    partition_object: partition,
    threshold: z.number().min(0),
    tail_weight_holdout: z.number().min(0).max(1).default(0),
    internal_weight_holdout: z.number().min(0).max(1).default(0),
  })
  .refine(
    ({ partition_object: object, tail_weight_holdout: holdout }) => holdout === 0 || !('tail_weights' in object),
    {
      path: ['tail_weight_holdout'],
      message: 'cannot stand beside tail_weights',
    },
  )
  .refine(
    ({ partition_object: object, tail_weight_holdout: holdout }) =>
      holdout === 0 || !('bins' in object) || object.bins[0] !== '-Infinity' || object.bins.at(-1) !== 'Infinity',
    { path: ['tail_weight_holdout'], message: 'has no place where the bins reach to infinity on both ends' },
  )

export const EXPECTATION_KWARGS = {
  expect_table_row_count_to_be_between: range({ ...countRange, ...condition }),
  expect_table_row_count_to_equal: z.strictObject({ value: z.int().min(0), ...condition }),
  expect_table_column_count_to_be_between: looseRange(countRange),
  expect_table_column_count_to_equal: z.strictObject({ value: z.int().min(0) }),
  expect_column_to_exist: z.strictObject({ column, column_index: z.int().min(0).optional() }),
  expect_table_columns_to_match_set: z.strictObject({
    column_set: z.array(column),
    exact_match: z.boolean().default(true),
  }),
  expect_table_columns_to_match_ordered_list: z.strictObject({ column_list: z.array(column) }),
  expect_column_values_to_not_be_null: z.strictObject(ofEachValue),
  expect_column_values_to_be_null: z.strictObject(ofEachValue),
  /** In the order in which the rows were loaded, NULLs left out; where the warehouse keeps it. */
  expect_column_values_to_be_increasing: z.strictObject({ ...ofEachValue, strictly: z.boolean().default(false) }),
  expect_column_values_to_be_decreasing: z.strictObject({ ...ofEachValue, strictly: z.boolean().default(false) }),
  expect_column_values_to_be_unique: z.strictObject(ofEachValue),
  expect_compound_columns_to_be_unique: z.strictObject({
    column_list: columnList,
    ignore_row_if: z
      .enum(['all_values_are_missing', 'any_value_is_missing', 'never'])
      .default('all_values_are_missing'),
    ...everyRow,
  }),
  expect_column_values_to_be_between: range({ ...ofEachValue, ...valueRange }),
  expect_column_values_to_be_in_set: z.strictObject({ ...ofEachValue, value_set: valueSet }),
  expect_column_values_to_not_be_in_set: z.strictObject({ ...ofEachValue, value_set: valueSet }),
  /** RE2, found anywhere in the text. */
  expect_column_values_to_match_regex: z.strictObject({ ...ofEachValue, regex: z.string().max(1_000) }),
  expect_column_values_to_not_match_regex: z.strictObject({ ...ofEachValue, regex: z.string().max(1_000) }),
  expect_column_values_to_match_regex_list: z.strictObject({ ...ofEachValue, regex_list: texts, ...matchOn }),
  expect_column_values_to_not_match_regex_list: z.strictObject({ ...ofEachValue, regex_list: texts }),
  /** `%` any text, `_` one character, a backslash before either for the character itself. */
  expect_column_values_to_match_like_pattern: z.strictObject({ ...ofEachValue, like_pattern: z.string().max(1_000) }),
  expect_column_values_to_not_match_like_pattern: z.strictObject({
    ...ofEachValue,
    like_pattern: z.string().max(1_000),
  }),
  expect_column_values_to_match_like_pattern_list: z.strictObject({
    ...ofEachValue,
    like_pattern_list: texts,
    ...matchOn,
  }),
  expect_column_values_to_not_match_like_pattern_list: z.strictObject({ ...ofEachValue, like_pattern_list: texts }),
  expect_column_values_to_be_json_parseable: z.strictObject(ofEachValue),
  /** Names of BigQuery's types, or those of other databases for the same. */
  expect_column_values_to_be_of_type: z.strictObject({ column, type_: z.string().min(1) }),
  expect_column_values_to_be_in_type_list: z.strictObject({ column, type_list: z.array(z.string().min(1)).min(1) }),
  expect_column_value_lengths_to_be_between: range({ ...ofEachValue, ...countRange, ...strictEnds }),
  expect_column_value_lengths_to_equal: z.strictObject({ ...ofEachValue, value: z.int().min(0) }),
  expect_column_mean_to_be_between: range({ ...ofColumn, ...valueRange }),
  expect_column_min_to_be_between: range({ ...ofColumn, ...valueRange }),
  expect_column_max_to_be_between: range({ ...ofColumn, ...valueRange }),
  expect_column_sum_to_be_between: range({ ...ofColumn, ...valueRange }),
  expect_column_median_to_be_between: looseRange({ ...ofColumn, ...valueRange }),
  /** Of a sample: divided by the number of values less one. */
  expect_column_stdev_to_be_between: looseRange({ ...ofColumn, ...valueRange }),
  /** A quantile is the smallest value that so large a share of the values does not exceed. */
  expect_column_quantile_values_to_be_between: z.strictObject({ ...ofColumn, quantile_ranges: quantileRanges }),
  expect_column_unique_value_count_to_be_between: looseRange({ ...ofColumn, ...valueRange }),
  expect_column_proportion_of_unique_values_to_be_between: looseRange({ ...ofColumn, ...valueRange }),
  expect_column_proportion_of_non_null_values_to_be_between: looseRange({ ...ofColumn, ...valueRange }),
  /** Relative entropy of the observed shares to the expected ones, in nats. */
  expect_column_kl_divergence_to_be_less_than: divergence,
  expect_column_most_common_value_to_be_in_set: z.strictObject({
    ...ofColumn,
    value_set: valueSet,
    ties_okay: z.boolean().default(false),
  }),
  expect_column_distinct_values_to_contain_set: z.strictObject({ ...ofColumn, value_set: valueSet }),
  expect_column_distinct_values_to_equal_set: z.strictObject({ ...ofColumn, value_set: valueSet }),
  expect_column_distinct_values_to_be_in_set: z.strictObject({ ...ofColumn, value_set: valueSet }),
  expect_column_value_z_scores_to_be_less_than: z.strictObject({
    ...ofEachValue,
    threshold: z.number().positive(),
    double_sided: z.boolean(),
  }),
  /** Distance to the median in interquartile ranges, or to the mean in standard deviations. */
  expect_column_values_to_not_be_outliers: z.strictObject({
    ...ofEachValue,
    method: z.enum(['iqr', 'std']).default('iqr'),
    multiplier: z.number().positive().default(1.5),
  }),
  expect_column_pair_values_to_be_in_set: z.strictObject({
    ...ofPair,
    value_pairs_set: z.array(z.tuple([pairMember, pairMember])).max(1_000),
  }),
  expect_select_column_values_to_be_unique_within_record: z.strictObject(ofRecord),
  expect_multicolumn_values_to_be_equal: z.strictObject(ofRecord),
  expect_multicolumn_sum_to_equal: z.strictObject({ ...ofRecord, sum_total: z.union([z.number(), z.string()]) }),
  expect_column_pair_values_to_be_equal: z.strictObject(ofPair),
  expect_column_pair_values_a_to_be_greater_than_b: z.strictObject({ ...ofPair, or_equal: z.boolean().default(false) }),
} as const

export type ExpectationType = keyof typeof EXPECTATION_KWARGS
export type ExpectationKwargs<T extends ExpectationType> = z.output<(typeof EXPECTATION_KWARGS)[T]>

export const EXPECTATION_TYPES = Object.keys(EXPECTATION_KWARGS) as readonly ExpectationType[]

export const isExpectationType = (name: string): name is ExpectationType => Object.hasOwn(EXPECTATION_KWARGS, name)

/** Rows that fail by what the whole column holds: not to be told by an expression over the row. */
const ACROSS_ROWS: readonly string[] = [
  'expect_column_values_to_be_increasing',
  'expect_column_values_to_be_decreasing',
  'expect_column_value_z_scores_to_be_less_than',
  'expect_column_values_to_not_be_outliers',
]

/** Expectations whose failing rows can be told, and quarantined. Of a value that is there more than once all rows fail. */
export const ROW_EXPECTATIONS: ReadonlySet<ExpectationType> = new Set(
  EXPECTATION_TYPES.filter((type) => 'mostly' in EXPECTATION_KWARGS[type].shape && !ACROSS_ROWS.includes(type)),
)

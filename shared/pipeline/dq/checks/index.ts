import type { ExpectationKwargs, ExpectationType } from '@convergence/core/config/expectation-types.ts'
import type { Check, CheckContext } from '../check.ts'
import * as aggregates from './column-aggregates.ts'
import * as values from './column-values.ts'
import { divergenceBelow } from './divergence.ts'
import * as grouped from './grouped.ts'
import * as ordered from './ordered.ts'
import * as records from './record-values.ts'
import * as spread from './spread.ts'
import * as table from './table.ts'

/** Compiles one expectation. Throws BadExpectation where it cannot be checked against this table. */
type Compile<T extends ExpectationType> = (context: CheckContext, kwargs: ExpectationKwargs<T>) => Check

export const CHECKS: { readonly [T in ExpectationType]: Compile<T> } = {
  expect_table_row_count_to_be_between: table.rowCountBetween,
  expect_table_row_count_to_equal: table.rowCountEquals,
  expect_table_column_count_to_be_between: table.columnCountBetween,
  expect_table_column_count_to_equal: table.columnCountEquals,
  expect_table_columns_to_match_set: table.columnsMatchSet,
  expect_table_columns_to_match_ordered_list: table.columnsMatchList,
  expect_column_to_exist: table.columnExists,
  expect_column_values_to_be_of_type: table.ofType,
  expect_column_values_to_be_in_type_list: table.ofTypeList,

  expect_column_values_to_not_be_null: values.notNull,
  expect_column_values_to_be_null: values.beNull,
  expect_column_values_to_be_between: values.between,
  expect_column_values_to_be_in_set: values.inSet,
  expect_column_values_to_not_be_in_set: values.notInSet,
  expect_column_values_to_match_regex: values.matchRegex,
  expect_column_values_to_not_match_regex: values.notMatchRegex,
  expect_column_values_to_match_regex_list: values.matchRegexList,
  expect_column_values_to_not_match_regex_list: values.notMatchRegexList,
  expect_column_values_to_match_like_pattern: values.matchLike,
  expect_column_values_to_not_match_like_pattern: values.notMatchLike,
  expect_column_values_to_match_like_pattern_list: values.matchLikeList,
  expect_column_values_to_not_match_like_pattern_list: values.notMatchLikeList,
  expect_column_values_to_be_json_parseable: values.jsonParseable,
  expect_column_value_lengths_to_be_between: values.lengthsBetween,
  expect_column_value_lengths_to_equal: values.lengthsEqual,

  expect_column_pair_values_to_be_equal: records.pairEqual,
  expect_column_pair_values_a_to_be_greater_than_b: records.pairGreater,
  expect_column_pair_values_to_be_in_set: records.pairInSet,
  expect_select_column_values_to_be_unique_within_record: records.uniqueInRecord,
  expect_multicolumn_values_to_be_equal: records.recordEqual,
  expect_multicolumn_sum_to_equal: records.recordSum,

  expect_column_mean_to_be_between: aggregates.meanBetween,
  expect_column_min_to_be_between: aggregates.minBetween,
  expect_column_max_to_be_between: aggregates.maxBetween,
  expect_column_sum_to_be_between: aggregates.sumBetween,
  expect_column_stdev_to_be_between: aggregates.stdevBetween,
  expect_column_proportion_of_non_null_values_to_be_between: aggregates.proportionNotNull,

  expect_column_values_to_be_increasing: ordered.increasing,
  expect_column_values_to_be_decreasing: ordered.decreasing,

  expect_column_values_to_be_unique: grouped.unique,
  expect_compound_columns_to_be_unique: grouped.compoundUnique,
  expect_column_unique_value_count_to_be_between: grouped.distinctCount,
  expect_column_proportion_of_unique_values_to_be_between: grouped.distinctShare,
  expect_column_distinct_values_to_be_in_set: grouped.distinctInSet,
  expect_column_distinct_values_to_contain_set: grouped.distinctContainSet,
  expect_column_distinct_values_to_equal_set: grouped.distinctEqualSet,
  expect_column_most_common_value_to_be_in_set: grouped.mostCommonInSet,

  expect_column_kl_divergence_to_be_less_than: divergenceBelow,
  expect_column_median_to_be_between: spread.medianBetween,
  expect_column_quantile_values_to_be_between: spread.quantilesBetween,
  expect_column_value_z_scores_to_be_less_than: spread.zScoresLess,
  expect_column_values_to_not_be_outliers: spread.notOutliers,
}

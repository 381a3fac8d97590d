import { describe, expect, it } from 'vitest'
import {
  EXPECTATION_KWARGS,
  EXPECTATION_TYPES,
  isExpectationType,
  ROW_EXPECTATIONS,
  type ExpectationType,
} from './expectation-types.ts'
import { rulesSchema } from './rules.ts'

const accepts = (type: ExpectationType, kwargs: object): boolean => EXPECTATION_KWARGS[type].safeParse(kwargs).success

describe('arguments of expectations', () => {
  it.each<[ExpectationType, object]>([
    ['expect_column_values_to_be_between', { column: 'a', min_value: 1 }],
    [
      'expect_column_values_to_be_between',
      { column: 'a', min_value: '2026-01-01', max_value: '2026-01-31', strict_max: true },
    ],
    ['expect_column_values_to_be_between', { column: 'a', min_value: null, max_value: 3, mostly: 0.9 }],
    ['expect_table_row_count_to_be_between', { min_value: 0, max_value: 0 }],
    ['expect_compound_columns_to_be_unique', { column_list: ['a', 'b'], ignore_row_if: 'never' }],
    ['expect_column_pair_values_a_to_be_greater_than_b', { column_A: 'a', column_B: 'b', or_equal: true }],
    ['expect_table_columns_to_match_set', { column_set: ['a'], exact_match: false }],
    ['expect_column_values_to_match_regex', { column: 'a', regex: '^x', row_condition: 'b = 1' }],
  ])('%s takes %j', (type, kwargs) => {
    expect(accepts(type, kwargs)).toBe(true)
  })

  it.each<[ExpectationType, object]>([
    ['expect_column_values_to_be_between', { column: 'a' }],
    ['expect_column_values_to_be_between', { column: 'a', min_value: null, max_value: null }],
    ['expect_column_values_to_be_between', { column: 'a', min_value: 10, max_value: 0 }],
    ['expect_column_values_to_be_between', { column: 'a', min_value: 1, mostly: 1.1 }],
    ['expect_table_row_count_to_be_between', { min_value: 'quack', max_value: 0 }],
    ['expect_table_row_count_to_be_between', { min_value: 1, max_value: 0 }],
    ['expect_table_row_count_to_equal', { value: 1.5 }],
    ['expect_column_min_to_be_between', { column: 'y' }],
    ['expect_column_values_to_not_be_null', { column: 'a', colum: 'b' }],
    ['expect_column_mean_to_be_between', { column: 'a', min_value: 1, mostly: 0.5 }],
    ['expect_compound_columns_to_be_unique', { column_list: [] }],
  ])('%s refuses %j', (type, kwargs) => {
    expect(accepts(type, kwargs)).toBe(false)
  })

  it('tell whether single rows can fail', () => {
    expect(ROW_EXPECTATIONS.has('expect_column_values_to_be_in_set')).toBe(true)
    expect(ROW_EXPECTATIONS.has('expect_column_mean_to_be_between')).toBe(false)
    expect(EXPECTATION_TYPES.filter((type) => type.startsWith('expect_table_') && ROW_EXPECTATIONS.has(type))).toEqual(
      [],
    )
    expect(isExpectationType('toString')).toBe(false)
  })

  it('allow quarantine only where single rows can fail', () => {
    const rules = (type: string, kwargs: object) =>
      rulesSchema.safeParse({ rules_id: 'r', expectations: [{ expectation_type: type, kwargs, quarantine: true }] })
    expect(rules('expect_column_values_to_not_be_null', { column: 'a' }).data?.expectations[0]).toMatchObject({
      severity: 'critical',
      kwargs: { mostly: 1 },
    })
    expect(rules('expect_table_row_count_to_equal', { value: 1 }).success).toBe(false)
  })
})

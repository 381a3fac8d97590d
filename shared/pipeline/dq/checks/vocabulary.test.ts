import { EXPECTATION_TYPES } from '@convergence/core/config/expectation-types.ts'
import type { TableSchema } from '@convergence/core/table.ts'
import { describe, expect, it } from 'vitest'
import { openDuckDbTable } from '../../../../test/conformance/duckdb-table.ts'
import { addSamples, evaluateChecks, planChecks, type NamedQuery, type RowsByName } from '../run-checks.ts'

/** One table, and for each expectation arguments with which it passes and with which it fails. */
const columns = {
  id: [1, 2, 3, 4, 5, 6],
  pair: [2, 2, 4, 4, null, 7],
  price: ['1.10', '2.20', '3.30', '4.40', '5.50', null],
  score: [10, 12.5, 15, 17.5, 20, 90],
  code: ['A1', 'A2', 'A3', 'B4', 'A%', null],
  kind: ['x', 'x', 'y', 'y', 'z', null],
  day: ['2026-01-01', '2026-01-02', '2026-01-03', '2026-01-04', '2026-01-05', '2026-01-06'],
  at: ['2026-01-01T00:00:00Z', '2026-01-02T08:00:00.5Z', null, null, null, null],
  doc: ['{"a": 1}', '[]', 'null', '3', '"x"', '{"a": '],
}
const types = {
  id: 'BIGINT',
  pair: 'BIGINT',
  price: 'DECIMAL(10, 2)',
  score: 'DOUBLE',
  code: 'VARCHAR',
  kind: 'VARCHAR',
  day: 'DATE',
  at: 'TIMESTAMPTZ',
  doc: 'VARCHAR',
}
const schema: TableSchema = [
  { name: 'id', type: 'INT64', mode: 'REQUIRED' },
  { name: 'pair', type: 'INT64', mode: 'NULLABLE' },
  { name: 'price', type: 'NUMERIC', mode: 'NULLABLE', precision: 10, scale: 2 },
  { name: 'score', type: 'FLOAT64', mode: 'NULLABLE' },
  { name: 'code', type: 'STRING', mode: 'NULLABLE' },
  { name: 'kind', type: 'STRING', mode: 'NULLABLE' },
  { name: 'day', type: 'DATE', mode: 'NULLABLE' },
  { name: 'at', type: 'TIMESTAMP', mode: 'NULLABLE' },
  { name: 'doc', type: 'STRING', mode: 'NULLABLE' },
]

type Kwargs = Record<string, unknown>
const names = schema.map(({ name }) => name)

/** Type without its `expect_`: passes, fails. */
const CASES: readonly [string, Kwargs, Kwargs][] = [
  ['table_row_count_to_be_between', { min_value: 6, max_value: 6 }, { max_value: 5 }],
  ['table_row_count_to_equal', { value: 3, row_condition: 'id > 3' }, { value: 6, row_condition: 'pair > 0' }],
  ['table_column_count_to_be_between', { min_value: 9 }, { max_value: 8 }],
  ['table_column_count_to_equal', { value: 9 }, { value: 8 }],
  ['table_columns_to_match_set', { column_set: names.toReversed() }, { column_set: names.slice(1) }],
  ['table_columns_to_match_ordered_list', { column_list: names }, { column_list: names.toReversed() }],
  ['column_to_exist', { column: 'id' }, { column: 'id', column_index: 1 }],
  ['column_values_to_be_of_type', { column: 'day', type_: 'date' }, { column: 'day', type_: 'TIMESTAMP' }],
  [
    'column_values_to_be_in_type_list',
    { column: 'code', type_list: ['INT64', 'VARCHAR(20)'] },
    { column: 'code', type_list: ['INT64'] },
  ],
  ['column_values_to_not_be_null', { column: 'code', mostly: 0.8 }, { column: 'code', mostly: 0.9 }],
  ['column_values_to_be_null', { column: 'at', mostly: 0.6 }, { column: 'at' }],
  ['column_values_to_be_unique', { column: 'code' }, { column: 'kind' }],
  ['compound_columns_to_be_unique', { column_list: ['kind', 'pair'], mostly: 0.3 }, { column_list: ['kind', 'pair'] }],
  [
    'column_values_to_be_between',
    { column: 'at', min_value: '2026-01-01', max_value: '2026-01-02T09:00:00.5+01:00' },
    { column: 'at', max_value: '2026-01-02T08:00:00Z' },
  ],
  [
    'column_values_to_be_in_set',
    { column: 'price', value_set: [1.1, 2.2, 3.3, '4.40', 5.5, 6.789] },
    { column: 'price', value_set: [1.1] },
  ],
  [
    'column_values_to_not_be_in_set',
    { column: 'day', value_set: ['2025-01-01'] },
    { column: 'day', value_set: ['2026-01-03'] },
  ],
  ['column_values_to_match_regex', { column: 'code', regex: '^[AB]' }, { column: 'code', regex: String.raw`\d$` }],
  ['column_values_to_not_match_regex', { column: 'code', regex: 'C' }, { column: 'code', regex: '^A' }],
  [
    'column_values_to_match_regex_list',
    { column: 'code', regex_list: ['^A', '4'] },
    { column: 'code', regex_list: ['^A', '4'], match_on: 'all' },
  ],
  [
    'column_values_to_not_match_regex_list',
    { column: 'code', regex_list: ['C', 'D'] },
    { column: 'code', regex_list: ['C', '4'] },
  ],
  [
    'column_values_to_match_like_pattern',
    { column: 'code', like_pattern: '__' },
    { column: 'code', like_pattern: String.raw`_\%` },
  ],
  [
    'column_values_to_not_match_like_pattern',
    { column: 'code', like_pattern: String.raw`\_%` },
    { column: 'code', like_pattern: String.raw`A\%` },
  ],
  [
    'column_values_to_match_like_pattern_list',
    { column: 'code', like_pattern_list: ['A%', '%4'] },
    { column: 'code', like_pattern_list: ['A%', '%4'], match_on: 'all' },
  ],
  [
    'column_values_to_not_match_like_pattern_list',
    { column: 'code', like_pattern_list: ['C%'] },
    { column: 'code', like_pattern_list: ['C%', 'B%'] },
  ],
  ['column_values_to_be_json_parseable', { column: 'doc', row_condition: 'id < 6' }, { column: 'doc' }],
  [
    'column_value_lengths_to_be_between',
    { column: 'code', min_value: 2, max_value: 2 },
    { column: 'code', max_value: 2, strict_max: true },
  ],
  ['column_value_lengths_to_equal', { column: 'code', value: 2 }, { column: 'code', value: 3 }],
  ['column_values_to_be_increasing', { column: 'pair' }, { column: 'pair', strictly: true }],
  ['column_values_to_be_decreasing', { column: 'id', mostly: 0.1 }, { column: 'id' }],
  [
    'column_mean_to_be_between',
    { column: 'price', min_value: 3.3, max_value: 3.3 },
    { column: 'price', min_value: '3.300000000000000000001' },
  ],
  [
    'column_min_to_be_between',
    { column: 'day', min_value: '2026-01-01' },
    { column: 'day', min_value: '2026-01-01', strict_min: true },
  ],
  ['column_max_to_be_between', { column: 'code', max_value: 'B4' }, { column: 'code', max_value: 'B' }],
  [
    'column_sum_to_be_between',
    { column: 'price', min_value: 16.5, max_value: 16.5 },
    { column: 'price', max_value: 16.5, strict_max: true },
  ],
  [
    'column_median_to_be_between',
    { column: 'score', min_value: 16.25, max_value: 16.25 },
    { column: 'score', max_value: 16.2 },
  ],
  [
    'column_stdev_to_be_between',
    { column: 'id', min_value: 1.8708286933869707, max_value: 1.8708286933869707 },
    { column: 'id', min_value: 1.9 },
  ],
  [
    'column_kl_divergence_to_be_less_than',
    {
      column: 'score',
      threshold: 0.2,
      partition_object: { bins: [10, 15, 20], weights: [0.4, 0.4], tail_weights: [0, 0.2] },
    },
    { column: 'kind', threshold: 0.5, partition_object: { values: ['x', 'y'], weights: [0.5, 0.5] } },
  ],
  [
    'column_quantile_values_to_be_between',
    {
      column: 'day',
      quantile_ranges: {
        quantiles: [0, 0.5, 1],
        value_ranges: [
          [null, '2026-01-01'],
          ['2026-01-03', '2026-01-03'],
          ['2026-01-06', null],
        ],
      },
    },
    { column: 'id', quantile_ranges: { quantiles: [0.25], value_ranges: [[1, 1.5]] } },
  ],
  [
    'column_unique_value_count_to_be_between',
    { column: 'kind', min_value: 3, max_value: 3 },
    { column: 'kind', min_value: 4 },
  ],
  [
    'column_proportion_of_unique_values_to_be_between',
    { column: 'kind', min_value: 0.6, max_value: 0.6 },
    { column: 'kind', min_value: 0.61 },
  ],
  [
    'column_proportion_of_non_null_values_to_be_between',
    { column: 'at', max_value: 0.34 },
    { column: 'at', max_value: 0.33 },
  ],
  [
    'column_most_common_value_to_be_in_set',
    { column: 'kind', value_set: ['x'], ties_okay: true },
    { column: 'kind', value_set: ['x', 'y'] },
  ],
  [
    'column_distinct_values_to_be_in_set',
    { column: 'kind', value_set: ['x', 'y', 'z', 'q'] },
    { column: 'kind', value_set: ['x', 'y'] },
  ],
  [
    'column_distinct_values_to_contain_set',
    { column: 'score', value_set: [10, 15.000000000001] },
    { column: 'score', value_set: [10, 11] },
  ],
  [
    'column_distinct_values_to_equal_set',
    { column: 'kind', value_set: ['z', 'y', 'x', 'x'] },
    { column: 'kind', value_set: ['x', 'y', 'z', 'q'] },
  ],
  [
    'column_value_z_scores_to_be_less_than',
    { column: 'score', threshold: 2.1, double_sided: true },
    { column: 'score', threshold: 2, double_sided: false },
  ],
  ['column_values_to_not_be_outliers', { column: 'score', method: 'std', multiplier: 2.1 }, { column: 'score' }],
  [
    'column_pair_values_to_be_equal',
    { column_A: 'id', column_B: 'pair', mostly: 0.3 },
    { column_A: 'id', column_B: 'pair' },
  ],
  [
    'column_pair_values_a_to_be_greater_than_b',
    { column_A: 'pair', column_B: 'id', or_equal: true, ignore_row_if: 'either_value_is_missing' },
    { column_A: 'pair', column_B: 'id', or_equal: true },
  ],
  [
    'column_pair_values_to_be_in_set',
    {
      column_A: 'kind',
      column_B: 'pair',
      value_pairs_set: [
        ['x', 2],
        ['y', 4],
        ['z', null],
        [null, 7],
      ],
    },
    {
      column_A: 'kind',
      column_B: 'pair',
      value_pairs_set: [
        ['x', 2],
        ['y', 4],
        ['z', null],
      ],
    },
  ],
  [
    'select_column_values_to_be_unique_within_record',
    { column_list: ['id', 'score'] },
    { column_list: ['id', 'pair'] },
  ],
  [
    'multicolumn_values_to_be_equal',
    { column_list: ['id', 'pair'], mostly: 0.3 },
    { column_list: ['id', 'pair'], mostly: 0.4 },
  ],
  [
    'multicolumn_sum_to_equal',
    { column_list: ['id', 'price'], sum_total: 2.1, row_condition: 'id = 1' },
    { column_list: ['id', 'price'], sum_total: 2.11, row_condition: 'id = 1' },
  ],
]

const given = (type: string, kwargs: Kwargs) => ({
  expectation_type: `expect_${type}`,
  kwargs,
  severity: 'critical' as const,
})
const input = { kind: 'parts', parts: [], schema } as const

describe('the vocabulary', () => {
  it('has a case that passes and a case that fails for each expectation', () => {
    expect(CASES.map(([type]) => `expect_${type}`).toSorted()).toEqual(EXPECTATION_TYPES.toSorted())
  })

  it('is judged right in one plan, and shows samples of the rows that fail', async () => {
    const expectations = CASES.flatMap(([type, passes, fails]) => [given(type, passes), given(type, fails)])
    const table = await openDuckDbTable({ types, columns })
    const runAll = async (queries: readonly NamedQuery[]): Promise<RowsByName> =>
      Object.fromEntries(
        await Promise.all(queries.map(async ({ name, sql }) => [name, await table.query(sql)] as const)),
      )
    const plan = planChecks({ expectations, schema, dialect: 'duckdb', input })
    const { results, sampleQueries } = evaluateChecks(plan, await runAll(plan.queries))
    const sampled = addSamples(plan, results, await runAll(sampleQueries))
    table.close()
    const verdicts = sampled.map(({ expectationType, status, message }, index) => ({
      expectationType,
      status,
      message,
      wanted: index % 2 === 0 ? 'passed' : 'failed',
    }))
    expect(verdicts.filter(({ status, wanted }) => status !== wanted)).toEqual([])
    expect(sampled.filter(({ samples, unexpectedCount }) => samples.length !== (unexpectedCount ?? 0))).toEqual([])
    expect(plan.queries.filter(({ name }) => name === 'scan')).toHaveLength(1)
  })

  it.each(CASES)('is compiled for both engines: %s', (type, passes, fails) => {
    const written = (['bigquery', 'duckdb'] as const).map((dialect) => {
      const plan = planChecks({ expectations: [given(type, passes), given(type, fails)], schema, dialect, input })
      const rows = plan.queries.map(({ name }) => [name, [Array.from({ length: 30 }, () => '7')]] as const)
      const queries = [...plan.queries, ...evaluateChecks(plan, Object.fromEntries(rows)).sampleQueries]
      for (const { sql } of queries) {
        const named = [...sql.sql.matchAll(/[@$](e\d+_\d+)/g)].map((match) => String(match[1]))
        expect(new Set(sql.parameters.map(({ name }) => name))).toEqual(new Set(named))
      }
      return [dialect, ...queries.map(({ name, sql }) => `${name}: ${sql.sql}`)].join('\n')
    })
    expect(written.join('\n')).toMatchSnapshot()
  })
})

import { describe, expect, it } from 'vitest'
import { withPlatformFields, type TableSchema } from '@convergence/core/table.ts'
import { openDuckDbTable } from '../../../test/conformance/duckdb-table.ts'
import type { Dialect } from './dialect.ts'
import type { GivenExpectation } from './results.ts'
import { addSamples, evaluateChecks, planChecks, verdict, type NamedQuery, type RowsByName } from './run-checks.ts'

const schema: TableSchema = [
  { name: 'id', type: 'INT64', mode: 'REQUIRED' },
  { name: 'model', type: 'STRING', mode: 'NULLABLE' },
  { name: 'cost', type: 'NUMERIC', mode: 'NULLABLE' },
  { name: 'ratio', type: 'FLOAT64', mode: 'NULLABLE' },
  { name: 'tags', type: 'STRING', mode: 'REPEATED' },
]
const types = { id: 'BIGINT', model: 'VARCHAR', cost: 'DECIMAL(38, 9)', ratio: 'DOUBLE', tags: 'VARCHAR[]' }
const columns = {
  id: [1, 2, 3, 4],
  model: ['a', 'b', null, 'a'],
  cost: ['0.100000000', '0.2', '12345678901234567890.000000001', null],
  ratio: [0.1, 0.30000000000000004, 'NaN', null],
  tags: [null, '[a]', null, null],
}

const given = (
  type: string,
  kwargs: Record<string, unknown>,
  more: Partial<GivenExpectation> = {},
): GivenExpectation => ({
  expectation_type: `expect_${type}`,
  kwargs,
  severity: 'critical',
  ...more,
})

const plan = (
  expectations: readonly GivenExpectation[],
  more: { dialect?: Dialect['name']; separately?: boolean; idColumns?: string[] } = {},
) => planChecks({ expectations, schema, dialect: 'duckdb', input: { kind: 'parts', parts: [], schema }, ...more })

const run = async (expectations: readonly GivenExpectation[], more: Parameters<typeof plan>[1] = {}) => {
  const table = await openDuckDbTable({ types, columns })
  const runAll = async (queries: readonly NamedQuery[]): Promise<RowsByName> =>
    Object.fromEntries(await Promise.all(queries.map(async ({ name, sql }) => [name, await table.query(sql)] as const)))
  const planned = plan(expectations, more)
  const { results, sampleQueries } = evaluateChecks(planned, await runAll(planned.queries))
  const sampled = addSamples(planned, results, await runAll(sampleQueries))
  table.close()
  return { planned, results: sampled, verdict: verdict(planned, sampled) }
}

const one = async (type: string, kwargs: Record<string, unknown>) => (await run([given(type, kwargs)])).results[0]!

describe('a plan', () => {
  it('asks everything of single rows in one scan, each measure once, and only uniqueness beside it', () => {
    const { queries } = plan([
      given('column_values_to_not_be_null', { column: 'model' }),
      given('column_values_to_not_be_null', { column: 'model' }, { severity: 'info' }),
      given('column_values_to_be_unique', { column: 'id' }),
    ])
    expect(queries.map(({ name, sql }) => [name, sql.sql])).toEqual([
      [
        'scan',
        `SELECT COUNT(*) AS m0, COUNT(*) FILTER (WHERE (NOT COALESCE("model" IS NOT NULL, FALSE))) AS m1, COUNT(*) FILTER (WHERE ("id" IS NULL)) AS m2 FROM {{input}}`,
      ],
      [
        'grouped_2_0',
        'WITH g AS (SELECT "id" AS v0, COUNT(*) AS n FROM {{input}} WHERE (NOT ("id" IS NULL)) GROUP BY 1) SELECT CAST(SUM(CASE WHEN n > 1 THEN n ELSE 0 END) AS BIGINT) AS unexpected FROM g',
      ],
    ])
  })

  it('binds values and quotes names, in both dialects', () => {
    const expectations = [
      given('column_values_to_be_between', { column: 'cost', min_value: 0.5, row_condition: "model <> 'x'" }),
      given('column_values_to_match_regex', { column: 'model', regex: '^gpt' }),
      given('column_sum_to_be_between', { column: 'cost', max_value: 10 }),
    ]
    const [bigquery] = plan(expectations, { dialect: 'bigquery' }).queries
    expect(bigquery!.sql.sql).toBe(
      'SELECT COUNTIF(((NOT (`model` = CAST(@e0_0 AS STRING))))) AS m0, ' +
        'COUNTIF(((NOT (`model` = CAST(@e0_0 AS STRING)))) AND (NOT (`cost` IS NULL)) AND (NOT COALESCE(`cost` >= CAST(@e0_1 AS NUMERIC), FALSE))) AS m1, ' +
        'COUNTIF(((NOT (`model` = CAST(@e0_0 AS STRING)))) AND (`cost` IS NULL)) AS m2, ' +
        'COUNT(*) AS m3, ' +
        'COUNTIF((NOT (`model` IS NULL)) AND (NOT COALESCE(REGEXP_CONTAINS(`model`, CAST(@e1_0 AS STRING)), FALSE))) AS m4, ' +
        'COUNTIF((`model` IS NULL)) AS m5, ' +
        'COUNTIF((`cost` IS NOT NULL)) AS m6, ' +
        'CAST(SUM(CAST(`cost` AS BIGNUMERIC)) AS STRING) AS m7 FROM {{input}}',
    )
    expect(bigquery!.sql.parameters).toEqual([
      { name: 'e0_0', type: 'STRING', value: 'x' },
      { name: 'e0_1', type: 'NUMERIC', value: '0.5' },
      { name: 'e1_0', type: 'STRING', value: '^gpt' },
    ])
    const [duckdb] = plan(expectations).queries
    expect(duckdb!.sql.sql).toContain('regexp_matches("model", CAST($e1_0 AS VARCHAR))')
    expect(duckdb!.sql.sql).toContain('CAST(SUM("cost") AS VARCHAR)')
  })

  it('answers questions about columns without any query', async () => {
    const { planned, results } = await run([
      given('column_to_exist', { column: 'model', column_index: 1 }),
      given('table_columns_to_match_set', { column_set: ['id', 'model', 'cost', 'ratio'], exact_match: false }),
      given('column_values_to_be_of_type', { column: 'cost', type_: 'DECIMAL' }),
      given('table_column_count_to_equal', { value: 4 }),
    ])
    expect(planned.queries).toEqual([])
    expect(planned.immediate).toEqual(results)
    expect(results.map(({ status }) => status)).toEqual(['passed', 'passed', 'passed', 'failed'])
  })

  it('leaves the columns that the platform adds out of questions about columns, unless they are named', () => {
    const own: TableSchema = [{ name: 'id', type: 'INT64', mode: 'NULLABLE' }]
    const { immediate } = planChecks({
      expectations: [
        given('table_columns_to_match_ordered_list', { column_list: ['id'] }),
        given('table_columns_to_match_set', { column_set: ['_run_id', 'id'] }),
        given('table_column_count_to_equal', { value: 1 }),
        given('column_to_exist', { column: '_ingested_at' }),
      ],
      schema: withPlatformFields(own),
      dialect: 'bigquery',
      input: { kind: 'parts', parts: [], schema: own },
    })
    expect(immediate.map(({ success }) => success)).toEqual([true, true, true, true])
  })

  it('is not judged without its rows', () => {
    const planned = plan([given('table_row_count_to_equal', { value: 0 })])
    expect(() => evaluateChecks(planned, {})).toThrow('the rows of the query scan are missing')
    expect(() => evaluateChecks(planned, { scan: [] })).toThrow('the query scan gave 0 rows')
  })
})

describe('a bad expectation', () => {
  it.each([
    [
      'an unknown type',
      given('column_values_to_be_nul', { column: 'id' }),
      'did you mean "expect_column_values_to_be_null"?',
    ],
    [
      'an unknown column',
      given('column_values_to_be_null', { column: 'modle' }),
      'the table has no column modle; did you mean "model"?',
    ],
    ['a misspelt argument', given('column_values_to_be_null', { column: 'id', mostyl: 1 }), 'mostyl'],
    ['a bad regex', given('column_values_to_match_regex', { column: 'model', regex: '(a' }), 'missing )'],
    [
      'a bad condition',
      given('column_values_to_be_null', { column: 'id', row_condition: 'id ==' }),
      'row_condition, position 5',
    ],
    [
      'a text bound of a number',
      given('column_values_to_be_between', { column: 'id', min_value: 'abc' }),
      'column id is INT64, and "abc" is not a value of that type',
    ],
    [
      'a number bound of a text',
      given('column_max_to_be_between', { column: 'model', min_value: 3 }),
      'column model is STRING, and 3 is not a value of that type',
    ],
    [
      'columns that do not compare',
      given('column_pair_values_to_be_equal', { column_A: 'id', column_B: 'model' }),
      'they do not compare',
    ],
    [
      'a comparison of a list',
      given('column_values_to_be_unique', { column: 'tags' }),
      'column tags is ARRAY<STRING>, whose values do not compare',
    ],
    [
      'quarantine of rows that cannot be told',
      given('column_values_to_not_be_outliers', { column: 'id' }, { quarantine: true }),
      'quarantine',
    ],
  ])('of %s is its own error, and the others run', async (_what, bad, message) => {
    const { results, verdict: found } = await run([bad, given('table_row_count_to_equal', { value: 4 })])
    expect(results[0]).toMatchObject({ status: 'error', success: false, message: expect.stringContaining(message) })
    expect(results[1]).toMatchObject({ status: 'passed' })
    expect(found.stop).toBe(true)
  })

  it('that the engine refuses fails alone when each has its own scan', () => {
    const expectations = [
      given('table_row_count_to_equal', { value: 4 }),
      given('column_values_to_not_be_null', { column: 'id' }),
    ]
    const separate = plan(expectations, { separately: true })
    expect(separate.queries.map(({ name }) => name)).toEqual(['scan_0', 'scan_1'])
    const { results } = evaluateChecks(separate, { scan_0: { failed: 'out of range' }, scan_1: [['4', '0']] })
    expect(results.map(({ status, message }) => [status, message])).toEqual([
      ['error', 'out of range'],
      ['passed', '0 of 4 values of id are null'],
    ])
  })
})

describe('numbers', () => {
  it('of a decimal column keep every digit', async () => {
    const sum = '12345678901234567890.300000001'
    expect(await one('column_sum_to_be_between', { column: 'cost', min_value: sum, max_value: sum })).toMatchObject({
      success: true,
      observedValue: sum,
    })
    expect(
      await one('column_sum_to_be_between', { column: 'cost', min_value: '12345678901234567890.300000002' }),
    ).toMatchObject({ success: false })
    expect(
      await one('column_max_to_be_between', { column: 'cost', max_value: '12345678901234567890.0000000009' }),
    ).toMatchObject({ success: false })
    expect(
      await one('column_mean_to_be_between', { column: 'cost', min_value: '4115226300411522630.1', strict_min: true }),
    ).toMatchObject({ success: true })
    expect(
      await one('column_mean_to_be_between', { column: 'cost', max_value: '4115226300411522630.1' }),
    ).toMatchObject({ success: false })
  })

  it('of a float column are equal within a billionth, and NaN is equal to none', async () => {
    const result = await one('column_values_to_be_in_set', { column: 'ratio', value_set: [0.1, 0.3] })
    expect(result).toMatchObject({ unexpectedCount: 1, samples: ['NaN'] })
    expect(await one('column_values_to_be_between', { column: 'ratio', min_value: 0 })).toMatchObject({
      unexpectedCount: 1,
    })
    expect(
      await one('column_values_to_be_between', { column: 'ratio', max_value: 0.3, row_condition: 'id <= 2' }),
    ).toMatchObject({ success: true })
    expect(
      await one('column_values_to_be_between', {
        column: 'ratio',
        max_value: 0.3,
        strict_max: true,
        row_condition: 'id = 2',
      }),
    ).toMatchObject({ success: false })
  })
})

describe('results', () => {
  it('of a column without values: aggregates fail, row expectations pass', async () => {
    const none = { row_condition: 'id > 100' }
    expect(await one('column_mean_to_be_between', { column: 'cost', min_value: 0, ...none })).toMatchObject({
      status: 'failed',
      observedValue: null,
    })
    expect(await one('column_min_to_be_between', { column: 'model', min_value: 0, ...none })).toMatchObject({
      status: 'failed',
      observedValue: null,
    })
    expect(await one('column_values_to_be_in_set', { column: 'model', value_set: ['x'], ...none })).toMatchObject({
      status: 'passed',
      elementCount: 0,
    })
    expect(await one('column_values_to_be_unique', { column: 'model', ...none })).toMatchObject({
      status: 'passed',
      unexpectedCount: 0,
    })
  })

  it('show unexpected values, and columns to find their rows by', async () => {
    const { results } = await run(
      [
        given('column_values_to_be_in_set', { column: 'model', value_set: ['a'] }),
        given('column_values_to_be_unique', { column: 'model' }),
      ],
      { idColumns: ['id'] },
    )
    expect(results[0]!.samples).toEqual([{ model: 'b', id: '2' }])
    expect(results[1]!.samples).toHaveLength(2)
    expect(results[1]!.samples).toEqual(
      expect.arrayContaining([
        { model: 'a', id: '1' },
        { model: 'a', id: '4' },
      ]),
    )
  })
})

describe('a verdict', () => {
  it('stops for critical, warns for warning, records info, and quarantines failing rows even of what passes by mostly', async () => {
    const { verdict: found } = await run([
      given('column_values_to_not_be_null', { column: 'model', mostly: 0.5 }, { quarantine: true }),
      given('column_values_to_be_between', { column: 'cost', max_value: 1 }, { severity: 'warning', quarantine: true }),
      given('table_row_count_to_equal', { value: 5 }, { severity: 'info' }),
      given('column_values_to_be_in_set', { column: 'id', value_set: [1, 2, 3, 4] }, { quarantine: true }),
    ])
    expect(found).toEqual({
      stop: false,
      reason: undefined,
      warnings: [
        {
          code: 'EXPECTATION_FAILED',
          message: 'expect_column_values_to_be_between: 1 of 3 values of cost are not at most 1',
        },
      ],
      quarantineRules: [
        {
          where: '(NOT COALESCE("model" IS NOT NULL, FALSE))',
          reason: 'expect_column_values_to_not_be_null (model)',
          column: 'model',
        },
        {
          where: '(NOT ("cost" IS NULL)) AND (NOT COALESCE("cost" <= CAST($e1_0 AS DECIMAL(38, 9)), FALSE))',
          reason: 'expect_column_values_to_be_between (cost)',
          column: 'cost',
        },
      ],
      quarantineParameters: [{ name: 'e1_0', type: 'NUMERIC', value: '1' }],
    })
    const failed = await run([given('table_row_count_to_equal', { value: 5 })])
    expect(failed.verdict).toMatchObject({ stop: true, reason: { code: 'DATA_REJECTED' } })
  })

  it('quarantines all rows of a value that is there more than once', async () => {
    const { verdict: found } = await run([
      given(
        'column_values_to_be_unique',
        { column: 'model', row_condition: 'id < 4', mostly: 0 },
        { quarantine: true },
      ),
      given('column_values_to_be_unique', { column: 'model', mostly: 0 }, { quarantine: true }),
    ])
    const table = await openDuckDbTable({ types, columns })
    const [rule, ...others] = found.quarantineRules
    expect(others).toEqual([])
    const sql = `SELECT id FROM (SELECT id, (${rule!.where}) AS failing FROM {{input}}) WHERE failing ORDER BY id`
    expect(await table.query({ sql, inputs: {}, parameters: found.quarantineParameters })).toEqual([['1'], ['4']])
    table.close()
  })
})

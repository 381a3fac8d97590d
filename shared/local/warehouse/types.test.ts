import { DECIMAL, INTEGER, INTERVAL, LIST, MAP, STRUCT, TIMESTAMP_NS, VARCHAR, HUGEINT } from '@duckdb/node-api'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { field, TABLE, WarehouseFixture } from './testing.ts'
import { duckdbType, resultField, tableField, typeLabel } from './types.ts'

let fixture: WarehouseFixture
beforeAll(() => {
  fixture = new WarehouseFixture()
})
afterAll(() => fixture.close())

const SCHEMA = [
  field('s', 'STRING'),
  field('by', 'BYTES'),
  field('i', 'INT64'),
  field('f', 'FLOAT64'),
  field('n', 'NUMERIC'),
  field('n2', 'NUMERIC', 'NULLABLE', { precision: 10, scale: 2 }),
  field('whole', 'NUMERIC', 'NULLABLE', { precision: 10 }),
  field('big', 'BIGNUMERIC'),
  field('big2', 'BIGNUMERIC', 'NULLABLE', { precision: 38, scale: 30 }),
  field('b', 'BOOL'),
  field('d', 'DATE'),
  field('dt', 'DATETIME'),
  field('ts', 'TIMESTAMP'),
  field('ti', 'TIME'),
  field('j', 'JSON', 'NULLABLE', { description: 'kept' }),
  field('list', 'STRING', 'REPEATED'),
  field('st', 'STRUCT', 'NULLABLE', {
    fields: [
      field('k', 'INT64'),
      field('deep', 'STRUCT', 'REPEATED', { fields: [field('at', 'TIME'), field('doc', 'JSON')] }),
    ],
  }),
]

test('every type goes from a part to a table and back, and the table tells the schema that it was given', async () => {
  const part =
    await fixture.part(`SELECT 'ü' AS s, '\\x01'::BLOB AS "by", 1::BIGINT AS i, 0.5::DOUBLE AS f, 0.123456789::DECIMAL(38,9) AS n, 1.25::DECIMAL(10,2) AS n2, 12::DECIMAL(10,0) AS whole,
    0.000000000000000001::DECIMAL(38,18) AS big, 0.000000000000000000000000000001::DECIMAL(38,30) AS big2, true AS b, DATE '2024-02-29' AS d, TIMESTAMP '2024-01-01 00:00:00.000001' AS dt,
    TIMESTAMPTZ '2024-01-01 00:00:00+00' AS ts, TIME_NS '01:02:03.000004' AS ti, '{"a":[1]}' AS j, ['x', NULL] AS list, {'k': 1::BIGINT, 'deep': [{'at': TIME '01:00:00', 'doc': '1'}]} AS st,
    DATE '2024-01-01' AS ingestion_date, 'r' AS _run_id, 'c' AS _chunk_id, TIMESTAMPTZ '2024-01-01 00:00:00+00' AS _ingested_at`)
  expect(await fixture.run(fixture.publishJob(SCHEMA, [part], { type: 'append' }))).toMatchObject({ state: 'done' })
  expect((await (await fixture.open()).describe(TABLE))?.schema.slice(0, SCHEMA.length)).toEqual(SCHEMA)
  expect(await fixture.query('SELECT * EXCLUDE (ingestion_date, _run_id, _chunk_id, _ingested_at) FROM {{t}}')).toEqual(
    [
      [
        'ü',
        'AQ==',
        '1',
        0.5,
        '0.123456789',
        '1.25',
        '12',
        '0.000000000000000001',
        '0.000000000000000000000000000001',
        true,
        '2024-02-29',
        '2024-01-01T00:00:00.000001',
        '2024-01-01T00:00:00Z',
        '01:02:03.000004',
        '{"a":[1]}',
        ['x', null],
        { k: '1', deep: [{ at: '01:00:00', doc: '1' }] },
      ],
    ],
  )
})

test('a decimal that DuckDB cannot hold is refused', () => {
  expect(() => duckdbType(field('x', 'BIGNUMERIC', 'NULLABLE', { precision: 60, scale: 30 }))).toThrow(
    'BIGNUMERIC(60,30): more than 38 digits are not available yet',
  )
})

test('a table keeps its digits, a result has BigQuery’s', () => {
  const both = (type: Parameters<typeof tableField>[1]) => [
    typeLabel(tableField('x', type)),
    typeLabel(resultField('x', type)),
  ]
  expect(both(DECIMAL(10, 2))).toEqual(['NUMERIC(10,2)', 'NUMERIC'])
  expect(both(DECIMAL(38, 9))).toEqual(['NUMERIC', 'NUMERIC'])
  expect(both(DECIMAL(38, 2))).toEqual(['BIGNUMERIC(38,2)', 'NUMERIC'])
  expect(both(DECIMAL(38, 12))).toEqual(['BIGNUMERIC(38,12)', 'BIGNUMERIC'])
  expect(both(DECIMAL(38, 20))).toEqual(['BIGNUMERIC(38,20)', 'BIGNUMERIC(38,20)'])
  expect(both(HUGEINT)).toEqual(['INT64', 'INT64'])
  expect(both(LIST(STRUCT({ a: INTEGER })))).toEqual(['ARRAY<STRUCT<a INT64>>', 'ARRAY<STRUCT<a INT64>>'])
})

test.each([INTERVAL, MAP(VARCHAR, INTEGER), TIMESTAMP_NS, LIST(LIST(INTEGER))])(
  '%s has no counterpart, and is refused by name',
  (type) => {
    expect(() => resultField('x', type)).toThrow(/column "x" (has the type|is an array of arrays)/)
  },
)

import { afterAll, beforeAll, expect, test } from 'vitest'
import { MACROS } from '../sql/macros.ts'
import { loadTranslator } from '../sql/translate.ts'
import { field, jobRef, LABELS, TABLE, WarehouseFixture } from './testing.ts'

let fixture: WarehouseFixture
const SCHEMA = [field('day', 'DATE'), field('model', 'STRING'), field('tokens', 'INT64'), field('price', 'NUMERIC')]

beforeAll(async () => {
  fixture = new WarehouseFixture()
  await fixture.open({ translate: await loadTranslator(), setup: MACROS })
  const rows = [
    { day: '2026-01-01', model: 'a', tokens: 1_000_000, price: '2.5' },
    { day: '2026-01-01', model: 'b', tokens: 1, price: '0.000000001' },
    { day: '2026-01-02', model: 'a', tokens: 3, price: null },
  ]
  await fixture.run(fixture.publishJob(SCHEMA, [await fixture.partOf(SCHEMA, rows)], { type: 'append' }))
})
afterAll(() => fixture.close())

const google = async (sql: string, parameters: { name: string; type: 'DATE' | 'INT64'; value: string }[] = []) => {
  const warehouse = await fixture.open()
  const jobId = `google-${sql}`
  const status = await fixture.run(
    { kind: 'query', query: { dialect: 'google', sql, tables: { usage: TABLE }, parameters }, labels: LABELS },
    jobId,
  )
  return status.state === 'failed' ? status.failure.message : (await warehouse.rows(jobRef(jobId))).rows
}

test('runs GoogleSQL with bound parameters over the tenant’s tables', async () => {
  expect(
    await google(
      `WITH per_model AS (SELECT model, SUM(CAST(tokens AS NUMERIC) * price) AS cost FROM {{usage}} WHERE day = @day GROUP BY model)
       SELECT model, cost, SAFE_DIVIDE(cost, 2) AS half FROM per_model ORDER BY model`,
      [{ name: 'day', type: 'DATE', value: '2026-01-01' }],
    ),
  ).toEqual([
    ['a', '2500000', '1250000'],
    ['b', '0.000000001', '0.000000001'],
  ])
})

test('reads an array, and the days of a series', async () => {
  expect(
    await google(`SELECT d FROM UNNEST(GENERATE_DATE_ARRAY(DATE '2026-01-30', DATE '2026-02-01')) AS d ORDER BY d`),
  ).toEqual([['2026-01-30'], ['2026-01-31'], ['2026-02-01']])
})

test('publishes a transform, and its table is described in BigQuery’s types', async () => {
  const target = { ...TABLE, dataset: 'gold', table: 'cost' }
  const status = await fixture.run({
    kind: 'publish',
    target,
    schema: [],
    partitionBy: 'day',
    clusterBy: [],
    source: {
      kind: 'select',
      sql: 'SELECT day, model, SUM(tokens) AS tokens, AVG(price) AS price FROM {{usage}} GROUP BY day, model',
      tables: { usage: TABLE },
      parameters: [],
      stamp: { ingestionDate: '2026-02-01', runId: 'r', chunkId: 'c', ingestedAt: '2026-02-01T00:00:00Z' },
    },
    strategy: { type: 'merge', keys: ['day', 'model'], orderBy: [] },
    labels: LABELS,
  })
  expect(status).toMatchObject({ state: 'done', counts: { staged: 3, inserted: 3 } })
  const info = await (await fixture.open()).describe(target)
  expect(info?.schema.slice(0, 4).map(({ name, type }) => `${name} ${type}`)).toEqual([
    'day DATE',
    'model STRING',
    'tokens INT64',
    'price NUMERIC',
  ])
})

test('says where a column is wrong in the tenant’s own text', async () => {
  const warehouse = await fixture.open()
  await expect(
    warehouse.dryRun('acme', { sql: 'SELECT\n  modle FROM {{usage}}', tables: { usage: TABLE }, parameters: [] }),
  ).rejects.toThrow(/^SQL 2:3: /)
})

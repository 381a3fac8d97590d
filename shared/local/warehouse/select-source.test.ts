import type { PublishJob, SelectSource } from '@convergence/core/ports/warehouse.ts'
import type { TableSchema } from '@convergence/core/table.ts'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { field, LABELS, TABLE, WarehouseFixture } from './testing.ts'

let fixture: WarehouseFixture
beforeEach(() => {
  fixture = new WarehouseFixture()
})
afterEach(() => fixture.close())

const OUT = { ...TABLE, dataset: 'gold', table: 'out' }
const source = (sql: string, more: Partial<SelectSource> = {}): SelectSource => ({
  kind: 'select',
  sql,
  tables: { usage: TABLE },
  parameters: [],
  stamp: { ingestionDate: '2026-02-01', runId: 'run2', chunkId: 'cost-0', ingestedAt: '2026-02-01T03:04:05Z' },
  ...more,
})

const transform = (sql: string, schema: TableSchema = [], more: Partial<SelectSource> = {}): PublishJob => ({
  kind: 'publish',
  target: OUT,
  schema,
  partitionBy: 'ingestion_date',
  clusterBy: [],
  source: source(sql, more),
  strategy: { type: 'append' },
  labels: LABELS,
})

const load = async () => {
  const schema = [field('id', 'INT64'), field('amount', 'NUMERIC')]
  await fixture.run(
    fixture.publishJob(
      schema,
      [
        await fixture.partOf(schema, [
          { id: 1, amount: '0.1' },
          { id: 2, amount: '0.2' },
        ]),
      ],
      { type: 'append' },
    ),
  )
}

test('types the result as BigQuery would, and stamps the platform columns', async () => {
  await load()
  const sql = `SELECT 'x' AS s, count(*) AS n, sum(id) AS big, sum(amount) AS total, CAST(1.5 AS DECIMAL(4,2)) AS small, avg(id) AS mean, [1, 2] AS list, {'k': 1} AS st FROM {{usage}}`
  expect(await fixture.run(transform(sql))).toMatchObject({ state: 'done', counts: { staged: 1, inserted: 1 } })
  const info = await (await fixture.open()).describe(OUT)
  expect(
    info?.schema.map(({ name, type, mode, precision }) =>
      [name, type, mode, precision].filter((part) => part !== undefined).join(' '),
    ),
  ).toEqual([
    's STRING NULLABLE',
    'n INT64 NULLABLE',
    'big INT64 NULLABLE',
    'total NUMERIC NULLABLE',
    'small NUMERIC NULLABLE',
    'mean FLOAT64 NULLABLE',
    'list INT64 REPEATED',
    'st STRUCT NULLABLE',
    'ingestion_date DATE REQUIRED',
    '_run_id STRING REQUIRED',
    '_chunk_id STRING REQUIRED',
    '_ingested_at TIMESTAMP REQUIRED',
  ])
  expect(await fixture.query('SELECT * FROM {{t}}', OUT)).toEqual([
    ['x', '2', '3', '0.3', '1.5', 1.5, ['1', '2'], { k: '1' }, '2026-02-01', 'run2', 'cost-0', '2026-02-01T03:04:05Z'],
  ])
})

test('hands through another table with the job’s own platform columns', async () => {
  await load()
  await fixture.run(transform('SELECT * FROM {{usage}}'))
  expect(await fixture.query('SELECT id, _run_id, ingestion_date FROM {{t}} ORDER BY id', OUT)).toEqual([
    ['1', 'run2', '2026-02-01'],
    ['2', 'run2', '2026-02-01'],
  ])
})

test('binds parameters', async () => {
  await load()
  const parameters = [{ name: 'least', type: 'NUMERIC', value: '0.15' }] as const
  await fixture.run(transform('SELECT id FROM {{usage}} WHERE amount > $least', [], { parameters }))
  expect(await fixture.query('SELECT id FROM {{t}}', OUT)).toEqual([['2']])
})

test('casts to the schema exactly, and never rounds a decimal', async () => {
  const cents = [field('v', 'NUMERIC', 'NULLABLE', { precision: 10, scale: 2 })]
  expect(await fixture.run(transform('SELECT CAST(1.230 AS DECIMAL(10,3)) AS v', cents))).toMatchObject({
    state: 'done',
  })
  expect(await fixture.failure(transform('SELECT CAST(1.235 AS DECIMAL(10,3)) AS v', cents))).toBe(
    'DATA_REJECTED: column v: a value has more digits after the point than the column holds; ROUND it in the query',
  )
  expect(await fixture.failure(transform('SELECT CAST(123456789 AS DECIMAL(10,0)) AS v', cents))).toContain(
    'DATA_REJECTED',
  )
  expect(await fixture.query('SELECT v FROM {{t}}', OUT)).toEqual([['1.23']])
})

test('fails when a whole number does not fit INT64', async () => {
  expect(
    await fixture.failure(transform('SELECT sum(v) AS v FROM (SELECT unnest([9223372036854775807, 1]) AS v) AS q')),
  ).toContain('DATA_REJECTED')
})

test.each([
  ['SELECT 1.5::DOUBLE AS v', 'column "v" is FLOAT64 in the query, and NUMERIC in the table: CAST it in the query'],
  [`SELECT '1' AS v`, 'column "v" is STRING in the query, and NUMERIC in the table: CAST it in the query'],
  ['SELECT 1 AS w', 'the query gives no column "v", which the table\'s schema has'],
  ['SELECT 1 AS v, 2 AS w', 'the query gives a column "w", which the table\'s schema does not have'],
])('refuses %s by name', async (sql, message) => {
  expect(await fixture.failure(transform(sql, [field('v', 'NUMERIC')]))).toBe(`INVALID_CONFIG: ${message}`)
})

test('keeps the types of a table that is there', async () => {
  await fixture.run(
    transform('SELECT CAST(1.5 AS DECIMAL(10,2)) AS v', [
      field('v', 'NUMERIC', 'NULLABLE', { precision: 10, scale: 2 }),
    ]),
  )
  expect(await fixture.run(transform('SELECT 2 AS v'))).toMatchObject({ state: 'done' })
  expect(await fixture.query('SELECT v FROM {{t}} ORDER BY v', OUT)).toEqual([['1.5'], ['2']])
})

test('merges and overwrites like parts', async () => {
  await load()
  const job = transform('SELECT id % 2 AS k, id AS o, amount FROM {{usage}} UNION ALL SELECT 0, 9, 9')
  const merge = { ...job, strategy: { type: 'merge', keys: ['k'], orderBy: ['o'] } } as const
  expect(await fixture.run(merge)).toMatchObject({ counts: { staged: 3, inserted: 2, superseded: 1, updated: 0 } })
  expect(await fixture.run(merge)).toMatchObject({ counts: { staged: 3, inserted: 0, superseded: 1, updated: 2 } })
  expect(await fixture.query('SELECT k, amount FROM {{t}} ORDER BY k', OUT)).toEqual([
    ['0', '9'],
    ['1', '0.1'],
  ])
  const nothing = {
    ...transform('SELECT id AS k FROM {{usage}} WHERE FALSE'),
    strategy: { type: 'overwrite', partitions: 'all' },
  } as const
  expect(await fixture.run(nothing)).toMatchObject({ counts: { staged: 0, inserted: 0, deleted: 2 } })
})

test('refuses the platform’s own datasets', async () => {
  expect(await fixture.failure({ ...transform('SELECT 1 AS v'), target: { ...OUT, dataset: 'metadata' } })).toContain(
    'the dataset "metadata" is the platform\'s own',
  )
})

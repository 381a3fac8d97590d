import { afterEach, beforeEach, expect, test } from 'vitest'
import { publishAppend } from './publish-append.ts'
import { field, TABLE, WarehouseFixture } from './testing.ts'

const APPEND = { type: 'append' } as const
const SCHEMA = [field('id', 'INT64'), field('amount', 'NUMERIC')]

let fixture: WarehouseFixture
beforeEach(() => {
  fixture = new WarehouseFixture()
})
afterEach(() => fixture.close())

test('inserts the columns by name and counts before and after', () => {
  const plan = publishAppend(fixture.publishJob(SCHEMA, [], APPEND), {
    target: 't',
    source: 's',
    fields: SCHEMA,
    kept: [],
    position: [],
  })
  expect(plan.statements.map((statement) => [statement.does, statement.sql])).toEqual([
    ['count', 'SELECT count(*) FROM s'],
    ['count', 'SELECT count(*) FROM t'],
    ['run', 'INSERT INTO t ("id", "amount") SELECT "id", "amount" FROM s'],
    ['count', 'SELECT count(*) FROM t'],
  ])
})

test('adds a column that is new, as NULL in the rows that are there', async () => {
  await fixture.run(
    fixture.publishJob(SCHEMA, [await fixture.partOf(SCHEMA, [{ id: 1, amount: '0.123456789' }])], APPEND),
  )
  const wider = [...SCHEMA, field('note', 'STRING')]
  await fixture.run(
    fixture.publishJob(wider, [await fixture.partOf(wider, [{ id: 2, amount: '2', note: 'n' }])], APPEND),
  )
  expect(await fixture.query('SELECT id, amount, note FROM {{t}} ORDER BY id')).toEqual([
    ['1', '0.123456789', null],
    ['2', '2', 'n'],
  ])
  const info = await (await fixture.open()).describe(TABLE)
  expect(info?.schema.map(({ name }) => name)).toEqual([
    'id',
    'amount',
    'ingestion_date',
    '_run_id',
    '_chunk_id',
    '_ingested_at',
    'note',
  ])
})

test('takes parts of which some lack a column', async () => {
  const wider = [...SCHEMA, field('note', 'STRING')]
  const parts = [
    await fixture.partOf(SCHEMA, [{ id: 1, amount: '1' }]),
    await fixture.partOf(wider, [{ id: 2, amount: '2', note: 'n' }]),
  ]
  expect(await fixture.run(fixture.publishJob(wider, parts, APPEND))).toMatchObject({
    state: 'done',
    counts: { inserted: 2 },
  })
  expect(await fixture.query('SELECT id, note FROM {{t}} ORDER BY id')).toEqual([
    ['1', null],
    ['2', 'n'],
  ])
})

test('fails when the table has a column of another type, names it, and adds nothing', async () => {
  await fixture.run(fixture.publishJob(SCHEMA, [await fixture.partOf(SCHEMA, [{ id: 1, amount: '1' }])], APPEND))
  const other = [field('extra', 'STRING'), field('id', 'INT64'), field('amount', 'STRING')]
  expect(
    await fixture.failure(
      fixture.publishJob(other, [await fixture.partOf(other, [{ id: 2, amount: 'x', extra: 'e' }])], APPEND),
    ),
  ).toBe(
    'INVALID_CONFIG: column "amount" of raw.usage is NUMERIC, and the load has STRING: change the schema, or load into another table',
  )
  const info = await (await fixture.open()).describe(TABLE)
  expect(info).toMatchObject({ rows: 1 })
  expect(info?.schema.some(({ name }) => name === 'extra')).toBe(false)
})

test('refuses parts whose decimals the column would round', async () => {
  const finer = await fixture.partOf(
    [field('id', 'INT64'), field('amount', 'NUMERIC')],
    [{ id: 1, amount: '0.123456789' }],
  )
  const coarse = [field('id', 'INT64'), field('amount', 'NUMERIC', 'NULLABLE', { precision: 10, scale: 2 })]
  expect(await fixture.failure(fixture.publishJob(coarse, [finer], APPEND))).toContain(
    'column "amount" is NUMERIC in the parts, and NUMERIC(10,2) in the schema',
  )
})

test('refuses a part among others of the right type whose decimals the column would round', async () => {
  const coarse = [field('id', 'INT64'), field('amount', 'NUMERIC', 'NULLABLE', { precision: 10, scale: 2 })]
  const parts = [
    await fixture.partOf(coarse, [{ id: 1, amount: '1.25' }]),
    await fixture.partOf(SCHEMA, [{ id: 2, amount: '0.123456789' }]),
  ]
  expect(await fixture.failure(fixture.publishJob(coarse, parts, APPEND))).toContain('column "amount" is')
})

test('refuses a column that the schema does not have, instead of losing it', async () => {
  const wider = [...SCHEMA, field('note', 'STRING')]
  expect(
    await fixture.failure(fixture.publishJob(SCHEMA, [await fixture.partOf(wider, [{ id: 1 }])], APPEND)),
  ).toContain('the parts have a column "note"')
})

test('refuses NULL in a REQUIRED column and names it', async () => {
  const required = [field('id', 'INT64', 'REQUIRED'), field('amount', 'NUMERIC')]
  expect(
    await fixture.failure(
      fixture.publishJob(required, [await fixture.partOf(required, [{ id: null, amount: '1' }])], APPEND),
    ),
  ).toBe('DATA_REJECTED: column "id" is REQUIRED, and a row has no value for it')
})

test('refuses to add a REQUIRED column, and relaxes one that is NULLABLE now', async () => {
  const required = [field('id', 'INT64', 'REQUIRED')]
  await fixture.run(fixture.publishJob(required, [await fixture.partOf(required, [{ id: 1 }])], APPEND))
  const added = [...required, field('note', 'STRING', 'REQUIRED')]
  expect(
    await fixture.failure(fixture.publishJob(added, [await fixture.partOf(added, [{ id: 2, note: 'n' }])], APPEND)),
  ).toBe(
    'INVALID_CONFIG: column "note" is REQUIRED, and raw.usage does not have it: a column that is added must be NULLABLE',
  )
  const relaxed = [field('id', 'INT64')]
  expect(
    await fixture.run(fixture.publishJob(relaxed, [await fixture.partOf(relaxed, [{ id: null }])], APPEND)),
  ).toMatchObject({ state: 'done' })
  expect((await (await fixture.open()).describe(TABLE))?.schema[0]).toMatchObject({ name: 'id', mode: 'NULLABLE' })
})

test('remembers partition and clusters, and refuses others', async () => {
  const schema = [field('id', 'INT64'), field('day', 'DATE')]
  const layout = { partitionBy: 'day', clusterBy: ['id'] }
  await fixture.run(
    fixture.publishJob(schema, [await fixture.partOf(schema, [{ id: 1, day: '2026-01-01' }])], APPEND, layout),
  )
  expect(await (await fixture.reopen()).describe(TABLE)).toMatchObject(layout)
  const part = await fixture.partOf(schema, [{ id: 2, day: '2026-01-01' }])
  expect(await fixture.failure(fixture.publishJob(schema, [part], APPEND, { clusterBy: ['id'] }))).toContain(
    'raw.usage is partitioned by day, not by ingestion_date',
  )
  expect(await fixture.failure(fixture.publishJob(schema, [part], APPEND, { partitionBy: 'day' }))).toContain(
    'raw.usage is clustered by id, not by nothing',
  )
  expect(
    await fixture.failure(
      fixture.publishJob(schema, [part], APPEND, { partitionBy: 'id', target: { ...TABLE, table: 'other' } }),
    ),
  ).toContain('partition_by "id" is INT64')
})

test('loads a part that is not there not at all, and may be tried again', async () => {
  const failure = await fixture.failure(
    fixture.publishJob(SCHEMA, [{ bucket: 'b', name: 'absent.parquet', rows: 1 }], APPEND),
  )
  expect(failure).toContain('UNAVAILABLE (retryable)')
  expect(failure).not.toContain(fixture.folder)
})

import { DuckDBInstance } from '@duckdb/node-api'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { DuckDbWarehouse } from '../warehouse.ts'
import { field, jobRef, LABELS, TABLE, WarehouseFixture } from './testing.ts'

const SCHEMA = [field('id', 'INT64')]

let fixture: WarehouseFixture
beforeEach(() => {
  fixture = new WarehouseFixture()
})
afterEach(() => fixture.close())

const checkpoint = {
  kind: 'query',
  query: { dialect: 'native', sql: 'CHECKPOINT', inputs: {}, parameters: [] },
  labels: LABELS,
} as const

test('opens the file again when a failed checkpoint has invalidated it, and what was committed is there', async () => {
  // DuckDB's own switch for tests stands for a full disk.
  await fixture.open({ setup: [`SET GLOBAL debug_checkpoint_abort = 'before_header'`] })
  await fixture.run(
    fixture.publishJob(SCHEMA, [await fixture.partOf(SCHEMA, [{ id: 1 }])], { type: 'append' }),
    'before',
  )
  expect(await fixture.run(checkpoint)).toMatchObject({
    state: 'failed',
    failure: { code: 'UNAVAILABLE', retryable: true },
  })
  const warehouse = await fixture.open()
  expect(await warehouse.poll(jobRef('before'))).toMatchObject({ state: 'done', counts: { inserted: 1 } })
  await fixture.run(
    fixture.publishJob(SCHEMA, [await fixture.partOf(SCHEMA, [{ id: 2 }])], { type: 'append' }),
    'after',
  )
  expect(await fixture.query('SELECT id FROM {{t}} ORDER BY id')).toEqual([['1'], ['2']])
})

test('two jobs that create one dataset at the same time both succeed', async () => {
  const warehouse = await fixture.open()
  const part = await fixture.part(
    `SELECT range AS id, DATE '2026-01-31' AS ingestion_date, 'r' AS _run_id, 'c' AS _chunk_id, now() AS _ingested_at FROM range(50000)`,
  )
  const ids = ['a', 'b', 'c', 'd']
  for (const id of ids)
    await warehouse.submit(
      jobRef(id),
      fixture.publishJob(SCHEMA, [part], { type: 'append' }, { target: { ...TABLE, table: id } }),
    )
  for (const id of ids) expect(await fixture.ended(id)).toMatchObject({ state: 'done', counts: { inserted: 50_000 } })
})

test('a column that is added while another job appends to the table loses no row', async () => {
  const warehouse = await fixture.open()
  await fixture.run(fixture.publishJob(SCHEMA, [await fixture.partOf(SCHEMA, [{ id: 0 }])], { type: 'append' }))
  const wider = [...SCHEMA, field('note', 'STRING')]
  const platform = `DATE '2026-01-31' AS ingestion_date, 'r' AS _run_id, 'c' AS _chunk_id, now() AS _ingested_at`
  const part = await fixture.part(`SELECT range AS id, ${platform} FROM range(50000)`)
  await warehouse.submit(jobRef('plain'), fixture.publishJob(SCHEMA, [part], { type: 'append' }))
  await warehouse.submit(
    jobRef('wider'),
    fixture.publishJob(wider, [await fixture.partOf(wider, [{ id: 1, note: 'n' }])], { type: 'append' }),
  )
  expect(await fixture.ended('plain')).toMatchObject({ state: 'done' })
  expect(await fixture.ended('wider')).toMatchObject({ state: 'done' })
  expect(await fixture.query('SELECT count(*), count(note) FROM {{t}}')).toEqual([['50002', '1']])
})

test('a closed warehouse says so', async () => {
  const warehouse = await fixture.open()
  await fixture.shut()
  await expect(warehouse.poll(jobRef('j'))).rejects.toMatchObject({ code: 'UNAVAILABLE' })
})

test('a file that is no database is refused without its folder', async () => {
  await fixture.open()
  await fixture.shut()
  const other = await DuckDBInstance.create(':memory:')
  const connection = await other.connect()
  await connection.run(`COPY (SELECT 'not a database' AS x) TO '${fixture.options.path}.txt'`)
  other.closeSync()
  await expect(DuckDbWarehouse.open({ ...fixture.options, path: `${fixture.options.path}.txt` })).rejects.toMatchObject(
    {
      name: 'PlatformError',
      message: expect.not.stringContaining(fixture.folder),
    },
  )
})

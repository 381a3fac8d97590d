import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { field, jobRef, LABELS, TABLE, WarehouseFixture } from './warehouse/testing.ts'

const SCHEMA = [field('id', 'INT64', 'REQUIRED'), field('name', 'STRING')]
const APPEND = { type: 'append' } as const

let fixture: WarehouseFixture
beforeEach(() => {
  fixture = new WarehouseFixture()
})
afterEach(() => fixture.close())

describe('an append', () => {
  test('creates dataset and table, loads every part and counts each row', async () => {
    const parts = [
      await fixture.partOf(SCHEMA, [
        { id: 1, name: 'a' },
        { id: 2, name: null },
      ]),
      await fixture.partOf(SCHEMA, [{ id: 3, name: 'c' }]),
    ]
    const status = await fixture.run(fixture.publishJob(SCHEMA, parts, APPEND, { expectedRows: 3 }))
    expect(status).toEqual({
      kind: 'publish',
      labels: LABELS,
      state: 'done',
      counts: { staged: 3, inserted: 3, updated: 0, deleted: 0, superseded: 0 },
    })
    expect(
      await fixture.query('SELECT id, name, ingestion_date, _run_id, _ingested_at FROM {{t}} ORDER BY id'),
    ).toEqual([
      ['1', 'a', '2026-01-31', 'run1', '2026-01-31T00:00:00Z'],
      ['2', null, '2026-01-31', 'run1', '2026-01-31T00:00:00Z'],
      ['3', 'c', '2026-01-31', 'run1', '2026-01-31T00:00:00Z'],
    ])
  })

  test('of no parts at all creates an empty table', async () => {
    expect(await fixture.run(fixture.publishJob(SCHEMA, [], APPEND, { expectedRows: 0 }))).toMatchObject({
      state: 'done',
      counts: { staged: 0, inserted: 0 },
    })
    expect(await (await fixture.open()).describe(TABLE)).toMatchObject({ rows: 0, partitionBy: 'ingestion_date' })
  })

  test('that counts another number of rows than expected leaves no trace of table and dataset', async () => {
    const parts = [await fixture.partOf(SCHEMA, [{ id: 1, name: 'a' }])]
    expect(await fixture.failure(fixture.publishJob(SCHEMA, parts, APPEND, { expectedRows: 2 }))).toBe(
      'DATA_REJECTED: the job was to load 2 rows, but its source gave 1; nothing was loaded',
    )
    expect(await (await fixture.open()).describe(TABLE)).toBeUndefined()
  })
})

describe('a job id', () => {
  test('that is submitted twice at once runs one job', async () => {
    const warehouse = await fixture.open()
    const job = fixture.publishJob(SCHEMA, [await fixture.partOf(SCHEMA, [{ id: 1, name: 'a' }])], APPEND)
    const outcomes = await Promise.all([
      warehouse.submit(jobRef('j'), job),
      warehouse.submit(jobRef('j'), job),
      warehouse.submit(jobRef('j'), job),
    ])
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['submitted', 'exists', 'exists'])
    await fixture.ended('j')
    expect(await warehouse.submit(jobRef('j'), job)).toMatchObject({
      outcome: 'exists',
      status: { state: 'done', counts: { inserted: 1 } },
    })
    expect(await fixture.query('SELECT count(*) FROM {{t}}')).toEqual([['1']])
  })

  test('is remembered with what it was when the file is opened again', async () => {
    await fixture.run(
      fixture.publishJob(SCHEMA, [await fixture.partOf(SCHEMA, [{ id: 1, name: 'a' }])], APPEND),
      'good',
    )
    await fixture.run(fixture.publishJob(SCHEMA, [], APPEND, { expectedRows: 9 }), 'bad')
    const warehouse = await fixture.reopen()
    expect(await warehouse.poll(jobRef('good'))).toMatchObject({ state: 'done', counts: { inserted: 1 } })
    expect(await warehouse.poll(jobRef('bad'))).toMatchObject({ state: 'failed', failure: { code: 'DATA_REJECTED' } })
    expect(await warehouse.poll(jobRef('never'))).toBeUndefined()
  })

  test('that was sealed can never run another job', async () => {
    const warehouse = await fixture.open()
    expect(await warehouse.submit(jobRef('j'), { kind: 'seal', labels: LABELS })).toEqual({ outcome: 'submitted' })
    const job = fixture.publishJob(SCHEMA, [await fixture.partOf(SCHEMA, [{ id: 1, name: 'a' }])], APPEND)
    expect(await warehouse.submit(jobRef('j'), job)).toEqual({
      outcome: 'exists',
      status: { kind: 'seal', labels: LABELS, state: 'done' },
    })
    expect(await warehouse.describe(TABLE)).toBeUndefined()
    expect(await (await fixture.reopen()).poll(jobRef('j'))).toMatchObject({ kind: 'seal' })
  })

  test('that a job has taken tells a seal what it is', async () => {
    const warehouse = await fixture.open()
    const job = fixture.publishJob(SCHEMA, [await fixture.partOf(SCHEMA, [{ id: 1, name: 'a' }])], APPEND)
    await warehouse.submit(jobRef('j'), job)
    expect(await warehouse.submit(jobRef('j'), { kind: 'seal', labels: LABELS })).toMatchObject({
      outcome: 'exists',
      status: { kind: 'publish' },
    })
    expect(await fixture.ended('j')).toMatchObject({ kind: 'publish', state: 'done' })
  })

  test('belongs to its tenant, while it runs and afterwards', async () => {
    const warehouse = await fixture.open()
    await warehouse.submit(jobRef('j'), { kind: 'seal', labels: LABELS })
    const query = { dialect: 'native', sql: 'SELECT 1', inputs: {}, parameters: [] } as const
    await warehouse.submit(jobRef('q'), { kind: 'query', query, labels: LABELS })
    expect(await warehouse.poll(jobRef('q', 'other'))).toBeUndefined()
    await fixture.ended('q')
    for (const id of ['j', 'q']) expect(await warehouse.poll(jobRef(id, 'other'))).toBeUndefined()
    await expect(warehouse.rows(jobRef('q', 'other'))).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  test('of a job that close interrupted is free', async () => {
    const warehouse = await fixture.open()
    const part = await fixture.part(
      `SELECT range AS id, repeat('x', 50) || range AS name, DATE '2026-01-31' AS ingestion_date, 'r' AS _run_id, 'c' AS _chunk_id, now() AS _ingested_at FROM range(300000)`,
    )
    await warehouse.submit(jobRef('j'), fixture.publishJob(SCHEMA, [part], APPEND))
    const again = await fixture.reopen()
    expect(await again.poll(jobRef('j'))).toBeUndefined()
    expect(await again.describe(TABLE)).toBeUndefined()
  })
})

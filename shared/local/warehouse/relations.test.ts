import { afterAll, beforeAll, expect, test } from 'vitest'
import { field, TABLE, WarehouseFixture } from './testing.ts'

let fixture: WarehouseFixture
const SCHEMA = [field('id', 'INT64'), field('day', 'DATE')]

beforeAll(async () => {
  fixture = new WarehouseFixture()
  const first = await fixture.partOf(
    SCHEMA,
    [
      { id: 1, day: '2026-01-01' },
      { id: 2, day: '2026-01-02' },
      { id: 3, day: null },
    ],
    { run: 'run1' },
  )
  const second = await fixture.partOf(
    SCHEMA,
    [
      { id: 4, day: '2026-01-02' },
      { id: 5, day: '2026-01-03' },
    ],
    { run: 'run2' },
  )
  await fixture.run(fixture.publishJob(SCHEMA, [first, second], { type: 'append' }, { partitionBy: 'day' }))
})
afterAll(() => fixture.close())

const ids = async (of: object) =>
  (await fixture.query('SELECT id FROM {{t}} ORDER BY id', { kind: 'table', table: TABLE, ...of })).flat()

test('a relation of the partitions that a run touched holds all their rows, whoever loaded them', async () => {
  expect(await ids({ partitionsOfRun: { column: 'day', runId: 'run2' } })).toEqual(['2', '4', '5'])
  expect(await ids({ partitionsOfRun: { column: 'day', runId: 'run1' } })).toEqual(['1', '2', '3', '4'])
  expect(await ids({ partitionsOfRun: { column: 'day', runId: 'nobody' } })).toEqual([])
})

test('restrictions hold together', async () => {
  const where = [{ column: '_run_id', equals: { name: 'r', type: 'STRING', value: 'run2' } }]
  expect(await ids({ where, partitionsOfRun: { column: 'day', runId: 'run1' } })).toEqual(['4'])
})

import { afterEach, beforeEach, expect, test } from 'vitest'
import { publishOverwrite } from './publish-overwrite.ts'
import { field, WarehouseFixture, type Row } from './testing.ts'

const SCHEMA = [field('id', 'INT64'), field('day', 'DATE')]
const BY_DAY = { partitionBy: 'day' }

let fixture: WarehouseFixture
beforeEach(() => {
  fixture = new WarehouseFixture()
})
afterEach(() => fixture.close())

const overwrite = async (partitions: readonly string[] | 'all', rows: readonly Row[]) =>
  fixture.publishJob(SCHEMA, [await fixture.partOf(SCHEMA, rows)], { type: 'overwrite', partitions }, BY_DAY)

const rows = () => fixture.query('SELECT id, day FROM {{t}} ORDER BY ALL')

test('deletes the named days and inserts, and counts the table between the two', () => {
  const job = fixture.publishJob(SCHEMA, [], { type: 'overwrite', partitions: ['2026-01-01', '2026-01-02'] }, BY_DAY)
  const plan = publishOverwrite(job, { target: 't', source: 's', fields: SCHEMA, kept: [], position: [] })
  expect(plan.statements.map(({ sql }) => sql)).toEqual([
    'SELECT count(*) FROM s',
    'SELECT CAST("day" AS VARCHAR) AS day, count(*) AS rows FROM s WHERE ("day" IN ($day_0, $day_1)) IS NOT TRUE GROUP BY 1 ORDER BY 1 LIMIT 1',
    'DELETE FROM t WHERE "day" IN ($day_0, $day_1)',
    'SELECT count(*) FROM t',
    'INSERT INTO t ("id", "day") SELECT "id", "day" FROM s',
    'SELECT count(*) FROM t',
  ])
  expect(Object.keys(plan.bindings)).toEqual(['day_0', 'day_1'])
})

test('replaces the named partitions and leaves the others', async () => {
  await fixture.run(
    await overwrite('all', [
      { id: 1, day: '2026-01-01' },
      { id: 2, day: '2026-01-02' },
      { id: 3, day: '2026-01-02' },
    ]),
  )
  expect(await fixture.run(await overwrite(['2026-01-02'], [{ id: 4, day: '2026-01-02' }]))).toMatchObject({
    state: 'done',
    counts: { staged: 1, inserted: 1, deleted: 2, updated: 0, superseded: 0 },
  })
  expect(await rows()).toEqual([
    ['1', '2026-01-01'],
    ['4', '2026-01-02'],
  ])
})

test('by nothing empties the named partition', async () => {
  await fixture.run(
    await overwrite('all', [
      { id: 1, day: '2026-01-01' },
      { id: 2, day: '2026-01-02' },
    ]),
  )
  expect(await fixture.run(await overwrite(['2026-01-02'], []))).toMatchObject({
    state: 'done',
    counts: { staged: 0, inserted: 0, deleted: 1 },
  })
  expect(
    await fixture.run(fixture.publishJob(SCHEMA, [], { type: 'overwrite', partitions: ['2026-01-01'] }, BY_DAY)),
  ).toMatchObject({ counts: { deleted: 1 } })
  expect(await rows()).toEqual([])
})

test('of all partitions replaces every row', async () => {
  await fixture.run(
    await overwrite('all', [
      { id: 1, day: '2026-01-01' },
      { id: 2, day: null },
    ]),
  )
  expect(await fixture.run(await overwrite('all', [{ id: 3, day: '2026-01-03' }]))).toMatchObject({
    counts: { staged: 1, inserted: 1, deleted: 2 },
  })
  expect(await rows()).toEqual([['3', '2026-01-03']])
})

test.each([
  [
    '2026-01-03',
    'DATA_REJECTED: 1 rows have day 2026-01-03, which is not one of the partitions that are replaced (2026-01-02)',
  ],
  [null, 'DATA_REJECTED: 1 rows have day NULL, which is not one of the partitions that are replaced (2026-01-02)'],
])('fails for a row of the day %s, names it, and leaves the table as it was', async (day, message) => {
  await fixture.run(await overwrite('all', [{ id: 2, day: '2026-01-02' }]))
  expect(
    await fixture.failure(
      await overwrite(
        ['2026-01-02'],
        [
          { id: 4, day: '2026-01-02' },
          { id: 5, day },
        ],
      ),
    ),
  ).toBe(message)
  expect(await rows()).toEqual([['2', '2026-01-02']])
})

test('takes a timestamp by its day in UTC, to the last microsecond', async () => {
  const schema = [field('id', 'INT64'), field('at', 'TIMESTAMP')]
  const job = async (partitions: readonly string[] | 'all', values: readonly Row[]) =>
    fixture.publishJob(
      schema,
      [await fixture.partOf(schema, values)],
      { type: 'overwrite', partitions },
      { partitionBy: 'at' },
    )
  await fixture.run(
    await job('all', [
      { id: 1, at: '2026-01-01T23:59:59.999999Z' },
      { id: 2, at: '2026-01-02T00:00:00Z' },
      { id: 3, at: '2026-01-02T23:59:59.999999Z' },
      { id: 4, at: '2026-01-03T00:00:00Z' },
    ]),
  )
  expect(await fixture.run(await job(['2026-01-02'], [{ id: 5, at: '2026-01-02T12:00:00Z' }]))).toMatchObject({
    counts: { deleted: 2, inserted: 1 },
  })
  expect(await fixture.query('SELECT id FROM {{t}} ORDER BY id')).toEqual([['1'], ['4'], ['5']])
})

test('refuses a partition that is no day', async () => {
  expect(await fixture.failure(await overwrite(['2026-02-30'], []))).toContain('"2026-02-30" is not DATE')
})

test('leaves out the days that a later planner has replaced, and counts their rows', async () => {
  await fixture.run(
    await overwrite('all', [
      { id: 1, day: '2026-01-01' },
      { id: 2, day: '2026-01-02' },
    ]),
  )
  const part = await fixture.partOf(SCHEMA, [
    { id: 10, day: '2026-01-01' },
    { id: 20, day: '2026-01-02' },
  ])
  const strategy = { type: 'overwrite', partitions: ['2026-01-01'], leftOut: ['2026-01-02'] } as const
  const job = fixture.publishJob(SCHEMA, [part], strategy, { ...BY_DAY, expectedRows: 2 })
  expect(await fixture.run(job)).toMatchObject({
    state: 'done',
    counts: { staged: 2, inserted: 1, deleted: 1, superseded: 1 },
  })
  expect(await rows()).toEqual([
    ['2', '2026-01-02'],
    ['10', '2026-01-01'],
  ])
})

import type { QuarantineJob } from '@convergence/core/ports/warehouse.ts'
import { QUARANTINE_SCHEMA, quarantineTable } from '@convergence/core/quarantine.ts'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { field, LABELS, TABLE, WarehouseFixture } from './testing.ts'

const SCHEMA = [field('id', 'INT64'), field('cost', 'NUMERIC'), field('run', 'STRING')]
const REJECTED = quarantineTable('acme')

let fixture: WarehouseFixture
beforeEach(async () => {
  fixture = new WarehouseFixture()
  const rows = [
    { id: 1, cost: '1.5', run: 'a' },
    { id: 2, cost: '-1', run: 'a' },
    { id: null, cost: '-2', run: 'a' },
    { id: 4, cost: null, run: 'a' },
    { id: 5, cost: '-5', run: 'b' },
  ]
  await fixture.run(fixture.publishJob(SCHEMA, [await fixture.partOf(SCHEMA, rows)], { type: 'append' }))
})
afterEach(() => fixture.close())

const job = (more: Partial<QuarantineJob> = {}): QuarantineJob => ({
  kind: 'quarantine',
  table: TABLE,
  input: { kind: 'table', table: TABLE, where: [{ column: 'run', equals: { name: 'r', type: 'STRING', value: 'a' } }] },
  rules: [
    { where: '"cost" < $least', reason: 'cost is negative', column: 'cost' },
    { where: '"id" IS NULL', reason: 'id is missing', column: 'id' },
  ],
  parameters: [{ name: 'least', type: 'NUMERIC', value: '0' }],
  labels: LABELS,
  ...more,
})

test('moves each failing row once, with all its reasons, and leaves the others', async () => {
  expect(await fixture.run(job())).toMatchObject({
    state: 'done',
    counts: { staged: 2, inserted: 2, deleted: 2, updated: 0 },
  })
  expect(await fixture.query('SELECT id FROM {{t}} ORDER BY id')).toEqual([['1'], ['4'], ['5']])
  const columns = QUARANTINE_SCHEMA.map(({ name }) => `"${name}"`).join(', ')
  expect(await fixture.query(`SELECT ${columns} FROM {{t}} ORDER BY value`, REJECTED)).toEqual([
    [
      'raw.usage',
      null,
      'cost',
      '-1.000000000',
      'cost is negative',
      expect.stringContaining('"id":"2"'),
      's',
      'raw.usage',
      '2026-01-31',
      'run1',
      's',
      '2026-01-31T00:00:00Z',
    ],
    [
      'raw.usage',
      null,
      'cost',
      '-2.000000000',
      'cost is negative; id is missing',
      expect.stringContaining('"id":null'),
      's',
      'raw.usage',
      '2026-01-31',
      'run1',
      's',
      '2026-01-31T00:00:00Z',
    ],
  ])
})

test('runs once under its id', async () => {
  await fixture.run(job(), 'q')
  await fixture.run(job(), 'q')
  expect(await fixture.query('SELECT count(*) FROM {{t}}', REJECTED)).toEqual([['2']])
})

test('takes rules that look at other rows', async () => {
  const twice = job({
    rules: [{ where: 'count(*) OVER (PARTITION BY "run") > 1', reason: 'not unique' }],
    parameters: [],
    input: { kind: 'table', table: TABLE },
  })
  expect(await fixture.run(twice)).toMatchObject({ counts: { staged: 4, deleted: 4 } })
})

test('that fails moves nothing', async () => {
  expect(await fixture.failure(job({ rules: [{ where: '"nothing" > 1', reason: 'x' }], parameters: [] }))).toContain(
    'INVALID_CONFIG',
  )
  expect(await fixture.query('SELECT count(*) FROM {{t}}')).toEqual([['5']])
  expect(await (await fixture.open()).describe(REJECTED)).toBeUndefined()
})

test('reject parts of an ingest are loaded there by an append', async () => {
  const part = await fixture.partOf(QUARANTINE_SCHEMA.slice(0, 8), [
    {
      origin: 'a.csv',
      position: 3,
      reason: 'not a number',
      raw: '{"cost":"x"}',
      step: 's',
      target: 'raw.usage',
      column: 'cost',
      value: 'x',
    },
  ])
  await fixture.run(job())
  const load = fixture.publishJob(
    QUARANTINE_SCHEMA,
    [part],
    { type: 'append' },
    { target: REJECTED, schema: QUARANTINE_SCHEMA },
  )
  expect(await fixture.run(load)).toMatchObject({ state: 'done', counts: { inserted: 1 } })
  expect(await fixture.query('SELECT count(*) FROM {{t}}', REJECTED)).toEqual([['3']])
})

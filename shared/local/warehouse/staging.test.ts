import type { PartRef, StageJob } from '@convergence/core/ports/warehouse.ts'
import { withPlatformFields, type TableRef } from '@convergence/core/table.ts'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { field, LABELS, TABLE, WarehouseFixture } from './testing.ts'

const SCHEMA = [field('id', 'INT64'), field('note', 'STRING')]
const tableNamed = (table: string): TableRef => ({ tenant: 'acme', dataset: 'staging', table })

let fixture: WarehouseFixture
beforeEach(() => {
  fixture = new WarehouseFixture()
})
afterEach(() => fixture.close())

const stageJob = (table: string, parts: readonly PartRef[], expectedRows = 1): StageJob => ({
  kind: 'stage',
  target: tableNamed(table),
  schema: withPlatformFields(SCHEMA),
  source: { kind: 'parts', parts },
  expectedRows,
  labels: LABELS,
})

const staged = (...tables: string[]) => ({ source: { kind: 'staged', tables: tables.map(tableNamed) } }) as const
const part = (id: number, note: string) => fixture.partOf(SCHEMA, [{ id, note }])

describe('staged parts', () => {
  it('are published together by one job, which drops their tables', async () => {
    await fixture.run(stageJob('s0', [await part(1, 'a')]))
    await fixture.run(stageJob('s1', [await part(2, 'b'), await part(3, 'c')], 2))
    const published = await fixture.run(
      fixture.publishJob(SCHEMA, [], { type: 'append' }, { ...staged('s0', 's1'), expectedRows: 3 }),
    )
    expect(published).toMatchObject({ state: 'done', counts: { staged: 3, inserted: 3 } })
    expect(await fixture.query('SELECT id, note FROM {{t}} ORDER BY id')).toEqual([
      ['1', 'a'],
      ['2', 'b'],
      ['3', 'c'],
    ])
    const warehouse = await fixture.open()
    expect([await warehouse.describe(tableNamed('s0')), await warehouse.describe(tableNamed('s1'))]).toEqual([
      undefined,
      undefined,
    ])
  })

  it('keep the order of the parts, by which a merge without order_by knows its last row', async () => {
    const order = { type: 'merge', keys: ['id'], orderBy: ['id'] } as const
    await fixture.run(stageJob('s0', [await part(1, 'first'), await part(1, 'second')], 2))
    await fixture.run(stageJob('s1', [await part(1, 'last')]))
    await fixture.run(fixture.publishJob(SCHEMA, [], order, staged('s0', 's1')))
    expect(await fixture.query('SELECT note FROM {{t}}')).toEqual([['last']])
  })

  it('can be looked at by a query before they are published', async () => {
    await fixture.run(stageJob('s0', [await part(1, 'a')]))
    await fixture.run(stageJob('s1', [await part(2, 'b')]))
    const input = { ...staged('s0', 's1').source, schema: withPlatformFields(SCHEMA) }
    expect(await fixture.query('SELECT count(*), sum(id) FROM {{t}}', input)).toEqual([['2', '3']])
  })

  it('stay where they are when the publish fails, for the next one', async () => {
    await fixture.run(stageJob('s0', [await part(1, 'a')]))
    const job = (expectedRows: number) =>
      fixture.publishJob(SCHEMA, [], { type: 'append' }, { ...staged('s0'), expectedRows })
    expect(await fixture.failure(job(2))).toContain('its source gave 1')
    expect(await fixture.run(job(1))).toMatchObject({ state: 'done' })
    expect(await fixture.query('SELECT id FROM {{t}}')).toEqual([['1']])
  })

  it('are refused when they are not as many rows as were written', async () => {
    expect(await fixture.failure(stageJob('s0', [await part(1, 'a')], 2))).toContain('was to stage 2 rows')
  })

  it('have a dataset of their own, into which no step can publish', async () => {
    const job = fixture.publishJob(SCHEMA, [], { type: 'append' }, { target: { ...TABLE, dataset: 'staging' } })
    expect(await fixture.failure(job)).toContain("the platform's own")
  })
})

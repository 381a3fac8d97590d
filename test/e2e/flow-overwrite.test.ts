import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { HOOK_MS, makeDoor, openFlow, type Flow, type FlowTenant, type Json } from './flow.ts'

/** Partitions that are replaced: also by nothing, only by their own rows, and never by what was planned earlier. */
let flow: Flow
beforeAll(async () => void (flow = await openFlow()), HOOK_MS)
afterAll(() => flow.close(), HOOK_MS)

const ROWS = 'SELECT day, id FROM raw.sales ORDER BY day, id'
const load = (strategy: string): string =>
  `step_id: sales, type: ingest, source: api.sales, load: { dataset: raw, table: sales, schema: sales, partition_by: day, ${strategy} }`
const ofDays = (...days: string[]): string =>
  `strategy: overwrite, partitions: [${days.map((day) => `"${day}"`).join(', ')}]`

const sales = async (id: string, strategy: string, head = 'concurrency: 2'): Promise<FlowTenant> => {
  const tenant = await flow.tenant(id)
  tenant.schema('sales', { id: 'INT64', day: 'DATE' })
  tenant.api({ sales: '' })
  tenant.pipeline('load', [load(strategy)], head)
  return tenant
}
const on = (day: number, ...ids: number[]): Json[] => ids.map((id) => ({ id, day: `2026-03-0${day}` }))

describe('overwrite of named partitions', () => {
  it('replaces them and no other, even by nothing', async () => {
    const tenant = await sales('named', ofDays('{{ parameters.day }}'), 'parameters: { day: { type: date } }')
    tenant.serve('sales', () => on(1, 1, 2))
    await tenant.run('load', { day: '2026-03-01' })
    tenant.serve('sales', () => on(2, 3))
    await tenant.run('load', { day: '2026-03-02' })
    tenant.serve('sales', () => on(1, 2, 4))
    const again = await tenant.run('load', { day: '2026-03-01' })
    expect(again.receipts).toMatchObject([{ balanced: true, rows: { inserted: 2, deleted: 2, superseded: 0 } }])
    expect(await tenant.rows(ROWS)).toEqual(['2026-03-01|2', '2026-03-01|4', '2026-03-02|3'])
    tenant.serve('sales', () => [])
    const nothing = await tenant.run('load', { day: '2026-03-01' })
    expect(nothing).toMatchObject({
      status: 'SUCCEEDED',
      receipts: [{ balanced: true, rows: { inserted: 0, deleted: 2 } }],
    })
    expect(await tenant.rows(ROWS)).toEqual(['2026-03-02|3'])
  })

  it('rejects rows outside them: with too many nothing is replaced, with few enough the others are loaded', async () => {
    const tenant = await sales('outside', ofDays('2026-03-01'))
    tenant.serve('sales', () => on(1, 1))
    await tenant.run('load')
    tenant.serve('sales', () => [...on(1, 2), ...on(2, 3)])
    const refused = await tenant.run('load')
    expect(refused).toMatchObject({
      status: 'FAILED',
      error: {
        code: 'DATA_REJECTED',
        message: expect.stringContaining('is not in the partitions that this step replaces'),
      },
    })
    expect(await tenant.rows(ROWS)).toEqual(['2026-03-01|1'])
    tenant.pipeline('load', [load(`max_rejected: 1, ${ofDays('2026-03-01')}`)])
    const loaded = await tenant.run('load')
    expect(loaded).toMatchObject({ status: 'SUCCEEDED', warnings: [{ code: 'ROWS_REJECTED' }] })
    expect(await tenant.rows(ROWS)).toEqual(['2026-03-01|2'])
    const quarantined = 'SELECT _run_id, raw FROM quarantine.rejected_rows ORDER BY _ingested_at'
    expect((await tenant.rows(quarantined)).map((row) => row.replace(/\|.*"id":"(\d+)".*/, ' $1'))).toEqual([
      `${refused.run_id} 3`,
      `${loaded.run_id} 3`,
    ])
  })
})

it('replaces the whole table, also by nothing', async () => {
  const tenant = await sales('whole', 'strategy: overwrite, partitions: all')
  for (const rows of [[...on(1, 1), ...on(2, 2)], on(3, 3)]) {
    tenant.serve('sales', () => rows)
    await tenant.run('load')
  }
  expect(await tenant.rows(ROWS)).toEqual(['2026-03-03|3'])
  tenant.serve('sales', () => [])
  await tenant.run('load')
  expect(await tenant.rows(ROWS)).toEqual([])
})

/** An older run that has planned and waits for its source; then `newer` runs to its end, and the older goes on. */
const overtake = async (tenant: FlowTenant, older: Json[], newer: () => Promise<unknown>) => {
  const door = makeDoor()
  tenant.serve('sales', () => door.pass(older))
  const runId = await tenant.start('load')
  await door.reached
  await newer()
  door.open()
  return flow.ended(runId)
}

describe('a run that was planned earlier and publishes later', () => {
  it('does not replace the newer rows: superseded, green, with a warning and no receipt', async () => {
    const tenant = await sales('older', ofDays('2026-03-01'))
    const older = await overtake(tenant, on(1, 1), async () => {
      tenant.serve('sales', () => on(1, 2))
      expect(await tenant.run('load')).toMatchObject({ status: 'SUCCEEDED', warnings: [] })
    })
    expect(older).toMatchObject({
      status: 'SUCCEEDED',
      receipts: [],
      warnings: [{ code: 'SUPERSEDED' }],
      steps: [{ rows: { accepted: 1, loaded: 0 }, tables: [] }],
    })
    expect(await tenant.rows(ROWS)).toEqual(['2026-03-01|2'])
  })

  it('replaces what the newer has left, and counts and tells the rows that it left out', async () => {
    const tenant = await sales('partly', ofDays('2026-03-01', '2026-03-02', '2026-03-03'))
    tenant.pipeline('second', [load(ofDays('2026-03-02'))])
    tenant.serve('sales', () => [...on(1, 8), ...on(2, 8), ...on(3, 8)])
    await tenant.run('load')
    const older = await overtake(tenant, [...on(1, 1), ...on(2, 1, 3)], async () => {
      tenant.serve('sales', () => on(2, 2))
      await tenant.run('second')
    })
    expect(older).toMatchObject({
      status: 'SUCCEEDED',
      receipts: [{ balanced: true, rows: { accepted: 3, staged: 3, inserted: 1, superseded: 2, deleted: 2 } }],
      warnings: [{ code: 'SUPERSEDED', message: expect.stringContaining('2 of 3 rows') }],
    })
    expect(await tenant.rows(ROWS)).toEqual(['2026-03-01|1', '2026-03-02|2'])
  })

  it('does not replace the whole table under a newer partition', async () => {
    const tenant = await sales('all', 'strategy: overwrite, partitions: all')
    tenant.pipeline('second', [load(ofDays('2026-03-02'))])
    const older = await overtake(tenant, on(1, 1), async () => {
      tenant.serve('sales', () => on(2, 2))
      await tenant.run('second')
    })
    expect(older).toMatchObject({ status: 'SUCCEEDED', receipts: [], warnings: [{ code: 'SUPERSEDED' }] })
    expect(await tenant.rows(ROWS)).toEqual(['2026-03-02|2'])
  })

  it('appends all the same: nothing of it is replaced', async () => {
    const tenant = await sales('append', 'strategy: append')
    const older = await overtake(tenant, on(1, 1), async () => {
      tenant.serve('sales', () => on(1, 2))
      await tenant.run('load')
    })
    expect(older).toMatchObject({ status: 'SUCCEEDED', warnings: [], receipts: [{ rows: { inserted: 1 } }] })
    expect(await tenant.rows(ROWS)).toEqual(['2026-03-01|1', '2026-03-01|2'])
  })
})

it('leaves the cursor of a superseded step', async () => {
  const tenant = await sales('cursor', ofDays('2026-03-01'))
  tenant.api({ sales: 'incremental: { cursor: day, initial: "2026-03-01" }' })
  tenant.pipeline('second', [load(ofDays('2026-03-01')).replace('step_id: sales', 'step_id: other')])
  flow.setClock('2026-03-05T00:00:00Z')
  const older = await overtake(tenant, on(1, 1), async () => {
    tenant.serve('sales', () => on(1, 2))
    await tenant.run('second')
  })
  expect(older).toMatchObject({ status: 'SUCCEEDED', warnings: [{ code: 'SUPERSEDED' }] })
  const cursor = await tenant.cursor('load', 'sales')
  expect([cursor?.generation, cursor?.value]).toEqual([0, undefined])
  expect(await tenant.cursor('second', 'other')).toMatchObject({ generation: 1, value: '2026-03-05T00:00:00.000Z' })
})

it('lets an older transform leave the newer partition alone', async () => {
  const tenant = await sales('sums', 'strategy: append')
  tenant.serve('sales', () => on(1, 1))
  await tenant.run('load')
  tenant.sql('silver/sums', 'SELECT day, COUNT(*) AS n FROM {{ raw.sales }} GROUP BY day')
  const step =
    'step_id: sums, type: transform, sql: silver/sums, load: { dataset: silver, table: sums, partition_by: day, strategy: overwrite, partitions: ["2026-03-01"] }'
  tenant.pipeline('sums', [step], 'concurrency: 2')
  const door = makeDoor()
  // The older run's dry run is held: it has begun, and publishes after the newer.
  let isFirst = true
  const putBack = flow.override('warehouse', (real) => ({
    dryRun: async (...args) => {
      const wait = isFirst
      isFirst = false
      if (wait) await door.pass(undefined)
      return real.dryRun(...args)
    },
  }))
  const older = await tenant.start('sums')
  await door.reached
  tenant.serve('sales', () => on(1, 2))
  await tenant.run('load')
  const newer = await tenant.run('sums')
  door.open()
  expect(await flow.ended(older)).toMatchObject({
    status: 'SUCCEEDED',
    warnings: [{ code: 'SUPERSEDED' }],
    receipts: [],
  })
  putBack()
  expect(await tenant.rows('SELECT n, _run_id FROM silver.sums')).toEqual([`2|${newer.run_id}`])
})

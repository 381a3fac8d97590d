import { afterAll, beforeAll, expect, it } from 'vitest'
import { HOOK_MS, openFlow, type Flow, type FlowTenant, type Json } from './flow.ts'

/** Merge by keys. */
let flow: Flow
beforeAll(async () => void (flow = await openFlow()), HOOK_MS)
afterAll(() => flow.close(), HOOK_MS)

const ROWS = 'SELECT org, id, name FROM raw.users ORDER BY org, id'
const users = async (id: string, load: string): Promise<FlowTenant> => {
  const tenant = await flow.tenant(id)
  tenant.schema('users', { org: 'STRING', id: 'INT64', name: 'STRING', seen: 'TIMESTAMP' })
  tenant.api({ users: '' })
  tenant.pipeline('load', [
    `step_id: users, type: ingest, source: api.users, load: { dataset: raw, table: users, schema: users, strategy: merge, ${load} }`,
  ])
  return tenant
}
const user = (org: string | null, id: number, name: string, hour = 0): Json => ({
  org,
  id,
  name,
  seen: `2026-03-01T0${hour}:00:00Z`,
})
const loads = (tenant: FlowTenant, ...rows: Json[]) => {
  tenant.serve('users', () => rows)
  return tenant.run('load')
}

it('replaces rows of the same key, NULL among them, and keeps their ingestion_date', async () => {
  const tenant = await users('keys', 'keys: [org, id]')
  flow.setClock('2026-03-01T10:00:00Z')
  await loads(tenant, user('a', 1, 'Ann'), user(null, 1, 'Nil'), user('b', 2, 'Bob'))
  flow.setClock('2026-03-02T10:00:00Z')
  const second = await loads(
    tenant,
    user(null, 1, 'Null'),
    user('a', 1, 'Anna'),
    user(null, 2, 'New'),
    user('a', 2, 'Al'),
  )
  expect(second.receipts).toMatchObject([
    { balanced: true, rows: { staged: 4, inserted: 2, updated: 2, superseded: 0, deleted: 0 } },
  ])
  expect(
    await tenant.rows('SELECT IFNULL(org, "-"), id, name, ingestion_date FROM raw.users ORDER BY org, id'),
  ).toEqual([
    '-|1|Null|2026-03-01',
    '-|2|New|2026-03-02',
    'a|1|Anna|2026-03-01',
    'a|2|Al|2026-03-02',
    'b|2|Bob|2026-03-01',
  ])
  const touched = `SELECT name FROM raw.users WHERE _run_id = "${second.run_id}" ORDER BY name`
  expect(await tenant.rows(touched)).toEqual(['Al', 'Anna', 'New', 'Null'])
})

it('takes the last of several rows of one key by order_by, NULL keys too, and counts the others', async () => {
  const tenant = await users('order', 'keys: [org], order_by: [seen]')
  const run = await loads(
    tenant,
    user('a', 1, 'late', 3),
    user('a', 2, 'early', 1),
    user(null, 3, 'first', 0),
    user(null, 4, 'last', 2),
  )
  expect(run.receipts).toMatchObject([{ balanced: true, rows: { staged: 4, inserted: 2, superseded: 2 } }])
  expect(await tenant.rows(ROWS)).toEqual(['null|4|last', 'a|1|late'])
})

it('fails on two rows of one key without order_by, names the key, and leaves the table as it was', async () => {
  const tenant = await users('twins', 'keys: [org]')
  const good = await loads(tenant, user('a', 1, 'Ann'))
  const bad = await loads(tenant, user('b', 1, 'Bob'), user(null, 2, 'x'), user(null, 3, 'y'))
  expect(bad).toMatchObject({
    status: 'FAILED',
    receipts: [],
    error: { code: 'DATA_REJECTED', message: expect.stringMatching(/2 rows have the key \(org = NULL\).*order_by/) },
    steps: [{ rows: { fetched: 3, accepted: 3, loaded: 0 } }],
  })
  expect(await tenant.rows(ROWS)).toEqual(['a|1|Ann'])
  expect(await tenant.rows('SELECT _run_id FROM raw.users')).toEqual([good.run_id])
  // The table is free for the next run.
  expect(await loads(tenant, user('b', 1, 'Bob'))).toMatchObject({ status: 'SUCCEEDED' })
  expect(await tenant.rows(ROWS)).toEqual(['a|1|Ann', 'b|1|Bob'])
})

import { afterEach, beforeEach, expect, test } from 'vitest'
import { TABLE, WarehouseFixture } from './testing.ts'

let fixture: WarehouseFixture
beforeEach(() => {
  fixture = new WarehouseFixture()
})
afterEach(() => fixture.close())

const run = (tenant: string, runId: string, revision: number, status: string) => ({
  insertId: `${runId}/${revision}`,
  row: {
    tenant,
    pipeline: 'p',
    run_id: runId,
    revision,
    status,
    parameters: '{"day":"2026-01-01"}',
    requested_at: '2026-01-01T00:00:00.123Z',
    warnings: 0,
  },
})
const runs = { tenant: 'acme', dataset: 'metadata', table: 'pipeline_runs' }

test('a row is there once however often it was recorded', async () => {
  const warehouse = await fixture.open()
  await warehouse.prepare()
  const rows = [run('acme', 'r1', 1, 'RUNNING'), run('acme', 'r1', 1, 'RUNNING'), run('acme', 'r1', 2, 'SUCCEEDED')]
  await warehouse.record('pipeline_runs', rows)
  await Promise.all([warehouse.record('pipeline_runs', rows), warehouse.record('pipeline_runs', rows)])
  expect(
    await fixture.query('SELECT insert_id, requested_at, parameters FROM metadata.pipeline_runs ORDER BY insert_id'),
  ).toEqual([
    ['r1/1', '2026-01-01T00:00:00.123Z', '{"day":"2026-01-01"}'],
    ['r1/2', '2026-01-01T00:00:00.123Z', '{"day":"2026-01-01"}'],
  ])
})

test('a tenant sees the latest state of its own runs only', async () => {
  const warehouse = await fixture.open()
  await warehouse.prepare()
  await warehouse.prepare('acme')
  await warehouse.prepare('globex')
  await warehouse.record('pipeline_runs', [
    run('acme', 'r1', 2, 'SUCCEEDED'),
    run('acme', 'r1', 1, 'RUNNING'),
    run('globex', 'r2', 1, 'RUNNING'),
    run('acme', 'r3', 10, 'FAILED'),
    run('acme', 'r3', 9, 'RUNNING'),
  ])
  expect(await fixture.query('SELECT run_id, status FROM {{t}} ORDER BY run_id', runs)).toEqual([
    ['r1', 'SUCCEEDED'],
    ['r3', 'FAILED'],
  ])
  expect(await fixture.query('SELECT run_id, tenant FROM metadata.pipeline_runs_latest ORDER BY run_id')).toEqual([
    ['r1', 'acme'],
    ['r2', 'globex'],
    ['r3', 'acme'],
  ])
})

test('a tenant does not see the hashes of its keys', async () => {
  const warehouse = await fixture.open()
  await warehouse.prepare('acme')
  const key = {
    tenant: 'acme',
    key_id: 'k',
    prefix: 'cvg_k',
    digest: 'd',
    scopes: '["run"]',
    created_at: '2026-01-01T00:00:00Z',
    expires_at: null,
  }
  await warehouse.record('api_keys', [
    { insertId: 'k/created', row: key },
    { insertId: 'k/revoked', row: { ...key, revoked_at: '2026-01-02T00:00:00Z' } },
  ])
  const info = await warehouse.describe({ tenant: 'acme', dataset: 'metadata', table: 'api_keys' })
  expect(info?.rows).toBe(1)
  expect(info?.schema.map(({ name }) => name)).not.toContain('digest')
})

test('preparing again adds the columns that are new, and the views see them', async () => {
  const warehouse = await fixture.open()
  await warehouse.prepare('acme')
  await warehouse.prepare()
  await fixture.run({
    kind: 'query',
    query: {
      dialect: 'native',
      sql: 'ALTER TABLE metadata.pipeline_runs DROP COLUMN trace',
      inputs: {},
      parameters: [],
    },
    labels: { tenant: 'acme', pipeline: 'p', run: 'r', step: 's' },
  })
  await warehouse.prepare()
  await warehouse.record('pipeline_runs', [
    { ...run('acme', 'r1', 1, 'RUNNING'), row: { ...run('acme', 'r1', 1, 'RUNNING').row, trace: 't1' } },
  ])
  expect(await fixture.query('SELECT trace FROM {{t}}', runs)).toEqual([['t1']])
})

test('a row that does not fit is refused, never cut', async () => {
  const warehouse = await fixture.open()
  await warehouse.prepare()
  const good = run('acme', 'r1', 1, 'RUNNING')
  await expect(
    warehouse.record('pipeline_runs', [{ insertId: 'x', row: { ...good.row, stauts: 'x' } }]),
  ).rejects.toThrow('has no column "stauts"')
  await expect(
    warehouse.record('pipeline_runs', [{ insertId: 'x', row: { ...good.row, status: null } }]),
  ).rejects.toThrow('"status" is REQUIRED')
  await expect(
    warehouse.record('pipeline_runs', [{ insertId: 'x', row: { ...good.row, requested_at: 'yesterday' } }]),
  ).rejects.toThrow('yesterday')
  expect(await fixture.query('SELECT count(*) FROM metadata.pipeline_runs')).toEqual([['0']])
})

test('a tenant’s quarantine is there before anything was rejected', async () => {
  const warehouse = await fixture.open()
  await warehouse.prepare('acme')
  expect(await warehouse.describe({ ...TABLE, dataset: 'quarantine', table: 'rejected_rows' })).toMatchObject({
    rows: 0,
    partitionBy: 'ingestion_date',
  })
  await expect(warehouse.prepare('No"Tenant')).rejects.toMatchObject({ code: 'INVALID_INPUT' })
})

test('the same row recorded at the same time by several is there once', async () => {
  const fixture = new WarehouseFixture()
  try {
    const warehouse = await fixture.open()
    await warehouse.prepare()
    const row = { insertId: 'acme', row: { tenant: 'acme', status: 'active', created_at: '2026-01-31T00:00:00Z' } }
    await Promise.all(Array.from({ length: 20 }, () => warehouse.record('tenants', [row])))
    expect(await fixture.query('SELECT count(*) FROM metadata.tenants')).toEqual([['1']])
  } finally {
    await fixture.close()
  }
})

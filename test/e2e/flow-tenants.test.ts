import { replayRun } from '@convergence/control/runs/replay-run.ts'
import { createApi } from '@convergence/api/handler.ts'
import { digestSecret } from '@convergence/core/api-key.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { HOOK_MS, openFlow, type Flow, type FlowTenant } from './flow.ts'

/** Two tenants with the same names of everything, run at the same time. */
let flow: Flow
let acme: FlowTenant
let other: FlowTenant
let runs: { acme: string; other: string }
beforeAll(async () => {
  flow = await openFlow()
  acme = await setUp('acme', 1)
  other = await setUp('other', 2)
  const [first, second] = await Promise.all([acme.start('load'), other.start('load')])
  runs = { acme: first, other: second }
  await Promise.all([flow.settled(first), flow.settled(second)])
}, HOOK_MS)
afterAll(() => flow.close(), HOOK_MS)

const setUp = async (id: string, value: number): Promise<FlowTenant> => {
  const tenant = await flow.tenant(id)
  tenant.schema('row', { id: 'INT64' })
  tenant.api({ items: 'incremental: { cursor: id, unique: true, initial: "0" }' })
  tenant.rules('rules', [
    'expectation_type: expect_column_values_to_not_be_null, kwargs: { column: id }, severity: info',
  ])
  tenant.sql('silver/all', 'SELECT id FROM {{ raw.items }}')
  tenant.pipeline('load', [
    'step_id: items, type: ingest, source: api.items, load: { dataset: raw, table: items, schema: row, strategy: append, max_rejected: 1 }',
    'step_id: checks, type: dq, rules: rules, table: raw.items',
    'step_id: all, type: transform, sql: silver/all, load: { dataset: silver, table: items, strategy: append }',
  ])
  tenant.serve('items', () => [{ id: value }, { id: `bad of ${id}` }])
  return tenant
}

describe('data', () => {
  it('of one tenant is in its own tables, quarantine, cursors and views only', async () => {
    for (const [tenant, value] of [
      [acme, 1],
      [other, 2],
    ] as const) {
      const run = runs[tenant.id as 'acme' | 'other']
      expect(await tenant.rows('SELECT id, _run_id FROM raw.items')).toEqual([`${value}|${run}`])
      expect(await tenant.rows('SELECT id, _run_id FROM silver.items')).toEqual([`${value}|${run}`])
      expect(await tenant.rows('SELECT value, _run_id FROM quarantine.rejected_rows')).toEqual([
        `bad of ${tenant.id}|${run}`,
      ])
      expect(await tenant.cursor('load', 'items')).toMatchObject({ value: String(value), heldBy: run })
    }
  })

  it.each([
    ['FROM other_raw.items', 'SELECT id FROM other_raw.items'],
    ['FROM `other_raw.items`', 'SELECT id FROM `other_raw.items`'],
    ['a template of its dataset', 'SELECT id FROM {{ other_raw.items }}'],
    ['a subquery', 'SELECT (SELECT MAX(id) FROM `other_raw`.`items`) AS id'],
    ['the metadata of all', 'SELECT run_id FROM metadata.pipeline_runs_latest'],
    ["the other's views", 'SELECT run_id FROM other_metadata.pipeline_runs'],
    ['a file', "SELECT * FROM read_csv('/etc/hostname')"],
  ])('of another tenant is out of reach of a query: %s', async (_, sql) => {
    await expect(acme.query(sql)).rejects.toMatchObject({
      code: expect.stringMatching(/^(INVALID_INPUT|NOT_FOUND|FORBIDDEN)$/),
    })
  })

  it('of another tenant is out of reach of a transform: it fails, and makes no table', async () => {
    acme.sql('silver/theirs', 'SELECT id FROM {{ other_raw.items }}')
    acme.pipeline('theirs', [
      'step_id: theirs, type: transform, sql: silver/theirs, load: { dataset: silver, table: theirs, strategy: append }',
    ])
    const run = await acme.run('theirs')
    expect(run).toMatchObject({ status: 'FAILED', receipts: [] })
    expect(await acme.rows('SELECT * FROM silver.theirs')).toEqual([])
  })
})

describe('the API', () => {
  it('shows a tenant its own runs, and knows none of the other', async () => {
    const app = createApi({
      ports: flow.ports,
      settings: {
        pepper: flow.embedded.pepper,
        adminDigest: digestSecret('an admin key of the operator', flow.embedded.pepper),
        corsOrigins: [],
        requestsPerMinute: 1_000,
        version: 'test',
        bucket: 'convergence',
      },
    })
    const { key } = await flow.platform.createKey({ tenant: 'acme' })
    const ask = async (method: string, path: string) => {
      const response = await app.request(`/api/v1/pipelines/runs${path}`, { method, headers: { 'x-api-key': key } })
      return { status: response.status, body: (await response.json()) as { runs?: { run_id: string }[] } }
    }
    expect(await ask('GET', `/${runs.acme}`)).toMatchObject({
      status: 200,
      body: {
        run_id: runs.acme,
        explanation: {
          waiting_for: [],
          dead_letters: null,
          advice: [{ command: expect.stringContaining(runs.acme) }, { command: `replay ${runs.acme} --quarantined` }],
        },
      },
    })
    const none = await ask('GET', '/load-00000000000000000000')
    const theirs = await ask('GET', `/${runs.other}`)
    expect([theirs.status, none.status]).toEqual([404, 404])
    expect(await ask('DELETE', `/${runs.other}`)).toMatchObject({ status: 404 })
    expect((await ask('GET', '')).body.runs?.map((run) => run.run_id)).not.toContain(runs.other)
    expect((await flow.ended(runs.other)).status).toBe('SUCCEEDED')
  })
})

describe('a replay', () => {
  it('of another tenant’s run, or of its rows, is of no run at all', async () => {
    const context = { ports: flow.ports, trace: 't', tenant: 'acme', bucket: flow.embedded.settings.bucket }
    for (const quarantined of [true, false])
      await expect(replayRun(context, { runId: runs.other, quarantined })).rejects.toMatchObject({
        code: 'NOT_FOUND',
        message: `there is no run ${runs.other}`,
      })
  })
})

describe('the metadata views', () => {
  it('show a tenant its own rows in their latest state, and nothing of the other', async () => {
    const failing = await flow.settled(await acme.start('theirs'))
    const statuses = await acme.rows(
      'SELECT run_id, status, error_code FROM metadata.pipeline_runs ORDER BY requested_at',
    )
    expect(statuses[0]).toBe(`${runs.acme}|SUCCEEDED|null`)
    expect(statuses).toContain(`${failing.run_id}|FAILED|${failing.error?.code}`)
    expect(new Set(statuses).size).toBe(statuses.length)
    expect(
      await acme.rows(
        `SELECT step_id, status, accepted FROM metadata.step_runs WHERE run_id = "${runs.acme}" ORDER BY started_at`,
      ),
    ).toEqual(['items|SUCCEEDED|1', 'checks|SUCCEEDED|1', 'all|SUCCEEDED|1'])
    expect(
      await acme.rows(
        'SELECT step_id, table_name, fetched, rejected, inserted, balanced, cursor_to FROM metadata.load_receipts ORDER BY created_at',
      ),
    ).toEqual(['items|raw.items|2|1|1|true|1', 'all|silver.items|1|0|1|true|null'])
    for (const table of ['pipeline_runs', 'step_runs', 'load_receipts', 'dq_results', 'api_keys', 'tenants'])
      for (const tenant of [acme, other])
        expect(await tenant.rows(`SELECT DISTINCT tenant FROM metadata.${table}`)).toEqual(
          table === 'api_keys' && tenant === other ? [] : [tenant.id],
        )
    expect(await other.rows('SELECT run_id, status FROM metadata.pipeline_runs')).toEqual([`${runs.other}|SUCCEEDED`])
  })
})

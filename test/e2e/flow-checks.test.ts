import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { HOOK_MS, openFlow, type Flow, type FlowTenant, type Json } from './flow.ts'

/** Gates before rows become visible, and checks of what is. */
let flow: Flow
beforeAll(async () => void (flow = await openFlow()), HOOK_MS)
afterAll(() => flow.close(), HOOK_MS)

const ROWS = 'SELECT id, amount FROM raw.bills ORDER BY id, amount'
const RESULTS =
  'SELECT step_id, expectation_type, severity, success, unexpected_count FROM metadata.dq_results ORDER BY expectation_type'
const bill = (id: number, amount: number | null, day = '2026-03-01'): Json => ({ id, amount, day })
const INGEST =
  'step_id: bills, type: ingest, source: api.bills, load: { dataset: raw, table: bills, schema: bills, strategy: append, partition_by: day }'
const DQ = 'step_id: checks, type: dq, rules: bill_rules, table: raw.bills'
const SUMS =
  'step_id: sums, type: transform, sql: silver/sums, load: { dataset: silver, table: sums, strategy: append }'
const notNull = (more = '') =>
  `expectation_type: expect_column_values_to_not_be_null, kwargs: { column: amount }${more}`
const positive = (more = '') =>
  `expectation_type: expect_column_values_to_be_between, kwargs: { column: amount, min_value: 0 }${more}`
const count = (least: number, most: number) =>
  `expectation_type: expect_table_row_count_to_be_between, kwargs: { min_value: ${least}, max_value: ${most} }`

const bills = async (id: string, rules: string[], steps: string[]): Promise<FlowTenant> => {
  const tenant = await flow.tenant(id)
  tenant.schema('bills', { id: 'INT64', amount: 'NUMERIC', day: 'DATE' })
  tenant.api({ bills: '' })
  tenant.rules('bill_rules', rules)
  tenant.sql('silver/sums', 'SELECT day, SUM(amount) AS amount FROM {{ raw.bills }} GROUP BY day')
  tenant.pipeline('load', steps)
  return tenant
}
const loads = (tenant: FlowTenant, ...rows: Json[]) => {
  tenant.serve('bills', () => rows)
  return tenant.run('load')
}

describe('a gate', () => {
  it('keeps rows that fail it invisible and records why; rows that pass it are loaded', async () => {
    const tenant = await bills('gate', [notNull(), positive()], [`${INGEST}, gate: bill_rules`, SUMS])
    const refused = await loads(tenant, bill(1, 5), bill(2, null), bill(3, null))
    expect(refused).toMatchObject({
      status: 'FAILED',
      receipts: [],
      error: { code: 'DATA_REJECTED', message: expect.stringContaining('gate bill_rules') },
      steps: [{ status: 'FAILED', rows: { fetched: 3, accepted: 3, loaded: 0 } }, { status: 'SKIPPED' }],
    })
    expect(await tenant.rows(ROWS)).toEqual([])
    expect(await tenant.rows(RESULTS)).toEqual([
      'bills|expect_column_values_to_be_between|critical|true|0',
      'bills|expect_column_values_to_not_be_null|critical|false|2',
    ])
    expect(await loads(tenant, bill(1, 5), bill(2, 7))).toMatchObject({ status: 'SUCCEEDED', warnings: [] })
    expect(await tenant.rows(ROWS)).toEqual(['1|5', '2|7'])
    expect(await tenant.rows('SELECT amount FROM silver.sums')).toEqual(['12'])
  })

  it('tells what only warns, and loads', async () => {
    const tenant = await bills('warns', [positive(', severity: warning')], [`${INGEST}, gate: bill_rules`])
    expect(await loads(tenant, bill(1, -5))).toMatchObject({
      status: 'SUCCEEDED',
      warnings: [
        { code: 'EXPECTATION_FAILED', message: expect.stringContaining('expect_column_values_to_be_between') },
      ],
    })
    expect(await tenant.rows(ROWS)).toEqual(['1|-5'])
  })

  it('looks also at no rows: what must not be replaced by nothing, is not', async () => {
    const tenant = await bills('empty', [count(1, 10)], [])
    const overwrite = INGEST.replace('strategy: append', 'strategy: overwrite, partitions: all')
    tenant.pipeline('load', [`${overwrite}, gate: bill_rules`])
    await loads(tenant, bill(1, 5))
    expect(await loads(tenant)).toMatchObject({ status: 'FAILED', error: { code: 'DATA_REJECTED' } })
    expect(await tenant.rows(ROWS)).toEqual(['1|5'])
    tenant.pipeline('load', [`${INGEST}, gate: bill_rules`])
    expect(await loads(tenant), 'nothing to append').toMatchObject({ status: 'SUCCEEDED' })
  })
})

describe('checks of a table', () => {
  it.each([
    ['table', [1, 2, 3, 4]],
    ['partition', [2, 3, 4]],
    ['run', [3, 4]],
  ])('of scope %s look at its rows only', async (scope, seen) => {
    const tenant = await bills(`scope${scope}`, [count(0, 1)], [INGEST])
    await loads(tenant, bill(1, 1, '2026-03-01'), bill(2, 2, '2026-03-02'))
    tenant.pipeline('load', [INGEST, `${DQ}, scope: ${scope}`])
    expect(await loads(tenant, bill(3, 3, '2026-03-02'), bill(4, 4, '2026-03-03'))).toMatchObject({ status: 'FAILED' })
    expect(await tenant.rows('SELECT observed_value FROM metadata.dq_results')).toEqual([String(seen.length)])
  })

  it('that are critical stop what comes after them; the rows stay', async () => {
    const tenant = await bills('stops', [notNull()], [INGEST, DQ, SUMS])
    const run = await loads(tenant, bill(1, 5), bill(2, null))
    expect(run).toMatchObject({ status: 'FAILED', error: { code: 'DATA_REJECTED' } })
    expect(run.steps.map(({ status }) => status)).toEqual(['SUCCEEDED', 'FAILED', 'SKIPPED'])
    expect(await tenant.rows(ROWS)).toEqual(['1|5', '2|null'])
    expect(await tenant.rows('SELECT * FROM silver.sums')).toEqual([])
  })

  it('that warn go on and tell; those that inform only record', async () => {
    const tenant = await bills(
      'tells',
      [positive(', severity: warning'), notNull(', severity: info')],
      [INGEST, DQ, SUMS],
    )
    const run = await loads(tenant, bill(1, -5), bill(2, null))
    expect(run).toMatchObject({ status: 'SUCCEEDED', warnings: [{ code: 'EXPECTATION_FAILED' }] })
    expect(run.warnings).toHaveLength(1)
    expect(await tenant.rows(RESULTS)).toEqual([
      'checks|expect_column_values_to_be_between|warning|false|1',
      'checks|expect_column_values_to_not_be_null|info|false|1',
    ])
    expect(await tenant.rows('SELECT amount FROM silver.sums')).toEqual(['-5'])
  })

  it('with quarantine move the failing rows out of the table once, before what comes after', async () => {
    const tenant = await bills('moves', [positive(', severity: warning, quarantine: true')], [INGEST, DQ, SUMS])
    const run = await loads(tenant, bill(1, 5), bill(2, -1), bill(3, -2))
    expect(run).toMatchObject({ status: 'SUCCEEDED' })
    expect(run.warnings.map(({ code }) => code)).toEqual(['EXPECTATION_FAILED', 'ROWS_QUARANTINED'])
    expect(await tenant.rows(ROWS)).toEqual(['1|5'])
    expect(await tenant.rows('SELECT amount FROM silver.sums')).toEqual(['5'])
    const next = await loads(tenant, bill(4, 4))
    expect(next).toMatchObject({ status: 'SUCCEEDED', warnings: [] })
    const moved = await tenant.rows(
      'SELECT _run_id, step, target, `column`, value FROM quarantine.rejected_rows ORDER BY value',
    )
    expect(moved).toEqual(['-1', '-2'].map((value) => `${run.run_id}|checks|raw.bills|amount|${value}.000000000`))
  })
})

import { beginSweep } from '@convergence/orchestrator/handler.ts'
import { expiryPrefix } from '@convergence/core/names.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually, HOOK_MS, makeDoor, openFlow, type Flow, type FlowTenant, type Json } from './flow.ts'

/** `replay --quarantined`: rejected rows again, after a fix, each once in effect. */
let flow: Flow
beforeAll(async () => void (flow = await openFlow()), HOOK_MS)
afterAll(() => flow.close(), HOOK_MS)

const ROWS = 'SELECT id, amount FROM raw.items ORDER BY amount'
const QUARANTINE = 'SELECT position, column, value, _run_id FROM quarantine.rejected_rows ORDER BY _run_id, position'
const replay = (runId: string, stepId?: string) => flow.platform.replayRun({ runId, stepId, quarantined: true })
const replayed = async (runId: string) => flow.ended((await replay(runId)).runId)

/** The second has too many digits, the third no id, the fourth neither. */
const SOURCE: Json[] = [
  { id: 1, amount: '10.00' },
  { id: 2, amount: '2.505' },
  { id: null, amount: '30.00' },
  { id: null, amount: 'forty' },
  { id: 5, amount: '50.00' },
]

const items = async (id: string, load = 'strategy: append', head = ''): Promise<FlowTenant> => {
  const tenant = await flow.tenant(id)
  mendIds(tenant, 'REQUIRED')
  tenant.api({ items: '' })
  tenant.pipeline(
    'load',
    [
      `step_id: items, type: ingest, source: api.items, load: { dataset: raw, table: items, schema: row, max_rejected: 90%, ${load} }`,
    ],
    head,
  )
  tenant.serve('items', () => SOURCE)
  return tenant
}
const mendIds = (tenant: FlowTenant, mode = 'NULLABLE'): void =>
  tenant.write(
    'schemas/row.json',
    JSON.stringify([
      { name: 'id', type: 'INT64', mode },
      { name: 'amount', type: 'NUMERIC', precision: 10, scale: 2 },
    ]),
  )
const mendDigits = (tenant: FlowTenant): void => tenant.api({ items: 'round: true' })

describe('quarantined rows', () => {
  it('are loaded when what rejected them is mended; what stays bad stays, with its new reason', async () => {
    const tenant = await items('mended')
    const { run_id: runId } = await tenant.run('load')
    expect(await tenant.rows(ROWS)).toEqual(['1|10', '5|50'])
    expect(await tenant.rows(QUARANTINE)).toEqual([
      `2|amount|2.505|${runId}`,
      `3|id|null|${runId}`,
      `4|id|null|${runId}`,
    ])
    expect((await flow.platform.explainRun({ runId })).explanation).toMatchObject({
      steps: [{ rejected_rows: 3, quarantined: true }],
      advice: [{ command: expect.stringContaining(runId) }, { command: `replay ${runId} --quarantined` }],
    })
    mendIds(tenant)
    const run = await replayed(runId)
    expect(run).toMatchObject({
      status: 'SUCCEEDED',
      cause: 'replay',
      replay_of: runId,
      quarantine_of: runId,
      receipts: [{ balanced: true, rows: { fetched: 3, accepted: 1, rejected: 2, inserted: 1 } }],
      warnings: [
        {
          code: 'ROWS_REJECTED',
          message: expect.stringContaining(`stay in mended_quarantine.rejected_rows (run ${runId})`),
        },
      ],
    })
    expect(await tenant.rows(ROWS)).toEqual(['1|10', 'null|30', '5|50'])
    expect(await tenant.rows(QUARANTINE)).toEqual([`2|amount|2.505|${runId}`, `4|amount|forty|${runId}`])
    // The row is the replay's, of the chunk, the day and the time of the run that read it.
    expect(await tenant.rows('SELECT _run_id, _chunk_id FROM raw.items WHERE id IS NULL')).toEqual([
      `${run.run_id}|items-0`,
    ])
    expect(
      await tenant.rows('SELECT COUNT(DISTINCT _ingested_at), COUNT(DISTINCT ingestion_date) FROM raw.items'),
    ).toEqual(['1|1'])
    // Another fix: only what is left comes again.
    mendDigits(tenant)
    expect(await replayed(runId)).toMatchObject({
      status: 'SUCCEEDED',
      receipts: [{ balanced: true, rows: { fetched: 2, accepted: 1, rejected: 1, inserted: 1 } }],
    })
    expect(await tenant.rows(ROWS)).toEqual(['2|2.5', '1|10', 'null|30', '5|50'])
    expect(await tenant.rows(QUARANTINE)).toEqual([`4|amount|forty|${runId}`])
  })

  it('are loaded once, however often it is asked for', async () => {
    const tenant = await items('often')
    const { run_id: runId } = await tenant.run('load')
    mendIds(tenant)
    const answers = await Promise.all(Array.from({ length: 5 }, () => replay(runId)))
    expect(new Set(answers.map((one) => one.runId)).size).toBe(1)
    await flow.settled(answers[0]?.runId ?? '')
    expect((await replay(runId)).how).toBe('repeated')
    await flow.settled(answers[0]?.runId ?? '')
    expect(await tenant.rows(ROWS)).toEqual(['1|10', 'null|30', '5|50'])
  })

  it('are loaded once by two replays at once, under two configs', async () => {
    const tenant = await items('both', 'strategy: append', 'concurrency: 2')
    const { run_id: runId } = await tenant.run('load')
    const door = makeDoor()
    const putBack = flow.override('warehouse', (real) => ({
      submit: async (ref, job) => {
        if (job.kind === 'publish' && job.replayed) await door.pass(undefined)
        return real.submit(ref, job)
      },
    }))
    mendIds(tenant)
    const first = (await replay(runId)).runId
    await door.reached
    mendDigits(tenant)
    const second = (await replay(runId)).runId
    expect(second).not.toBe(first)
    // It has planned the same rows, and waits for the table or stands before the door too.
    await flow.until(second, ({ steps }) => steps[0]?.status === 'PUBLISHING')
    door.open()
    const runs = [await flow.ended(first), await flow.ended(second)]
    putBack()
    expect(runs.map(({ status }) => status).toSorted()).toEqual(['FAILED', 'SUCCEEDED'])
    expect(runs.find(({ status }) => status === 'FAILED')?.error?.message).toMatch(/another replay has loaded some/)
    // What the loser did not do is done by asking again.
    const loser = runs.find(({ status }) => status === 'FAILED')?.run_id ?? ''
    await flow.ended((await flow.platform.replayRun({ runId: loser, quarantined: false })).runId)
    expect(await tenant.rows(ROWS)).toEqual(['2|2.5', '1|10', 'null|30', '5|50'])
    expect(await tenant.rows(QUARANTINE)).toEqual([`4|amount|forty|${runId}`])
  })

  it('may be replayed while nothing is mended: nothing is loaded, nothing is lost, and the run is not green', async () => {
    const tenant = await items('unmended')
    const { run_id: runId } = await tenant.run('load')
    const before = await tenant.rows(QUARANTINE)
    const run = await replayed(runId)
    expect(run).toMatchObject({
      status: 'FAILED',
      error: { code: 'DATA_REJECTED', message: expect.stringMatching(/all 3 rows are still rejected/) },
      receipts: [{ balanced: true, rows: { fetched: 3, accepted: 0, rejected: 3, inserted: 0 } }],
    })
    expect(await tenant.rows(QUARANTINE)).toEqual(before)
    expect(await tenant.rows(ROWS)).toEqual(['1|10', '5|50'])
    await expect(flow.platform.replayRun({ runId: run.run_id, quarantined: false })).rejects.toMatchObject({
      message: expect.stringContaining(`replay ${runId} --quarantined`),
    })
  })

  it('that are merged do not replace what was loaded since', async () => {
    const tenant = await items('merged', 'strategy: merge, keys: [id]')
    tenant.serve('items', () => [
      { id: 1, amount: '1.001' },
      { id: 2, amount: '2.001' },
      { id: 3, amount: '3.00' },
    ])
    const { run_id: runId } = await tenant.run('load')
    tenant.serve('items', () => [{ id: 1, amount: '11.00' }])
    await tenant.run('load')
    mendDigits(tenant)
    expect(await replayed(runId)).toMatchObject({
      status: 'SUCCEEDED',
      receipts: [{ balanced: true, rows: { fetched: 2, accepted: 2, inserted: 1, superseded: 1 } }],
    })
    expect(await tenant.rows('SELECT id, amount FROM raw.items ORDER BY id')).toEqual(['1|11', '2|2', '3|3'])
    expect(await tenant.rows(QUARANTINE)).toEqual([])
  })

  it('of a replaced table come back to it, and not after it was replaced again', async () => {
    const tenant = await items('replaced', 'strategy: overwrite, partitions: all')
    const { run_id: first } = await tenant.run('load')
    mendIds(tenant)
    expect((await replayed(first)).status).toBe('SUCCEEDED')
    expect(await tenant.rows(ROWS)).toEqual(['1|10', 'null|30', '5|50'])
    await tenant.run('load')
    expect(await tenant.rows(ROWS)).toEqual(['1|10', 'null|30', '5|50'])
    mendDigits(tenant)
    expect(await replayed(first)).toMatchObject({ status: 'SUCCEEDED', warnings: [{ code: 'SUPERSEDED' }] })
    expect(await tenant.rows(ROWS)).toEqual(['1|10', 'null|30', '5|50'])
    expect((await tenant.rows(QUARANTINE)).filter((row) => row.endsWith(first))).toHaveLength(2)
  })

  it('belong where their run read them: outside its window they are another run’s', async () => {
    const tenant = await flow.tenant('window')
    tenant.schema('row', { id: 'INT64', at: 'TIMESTAMP' })
    const source = (more = ''): void =>
      tenant.api({
        items: `params: { from: "{{ window.start }}" }, incremental: { cursor: at, initial: "2026-01-01" }${more}`,
      })
    source()
    tenant.pipeline('load', [
      'step_id: items, type: ingest, source: api.items, load: { dataset: raw, table: items, schema: row, strategy: append, max_rejected: 90% }',
    ])
    tenant.serve('items', () => [
      { id: 1, at: '2026-01-02T00:00:00Z' },
      // Seconds since the epoch: within the window, and before it.
      { id: 2, at: 1767571200 },
      { id: 3, at: 1000000000 },
    ])
    const { run_id: runId } = await tenant.run('load')
    const cursor = await tenant.cursor('load', 'items')
    source(', types: { at: unix }')
    const run = await replayed(runId)
    expect(run).toMatchObject({
      status: 'SUCCEEDED',
      receipts: [{ balanced: true, rows: { fetched: 2, accepted: 1, filtered: 1, rejected: 0 } }],
    })
    expect(await tenant.rows('SELECT id FROM raw.items ORDER BY id')).toEqual(['1', '2'])
    expect(await tenant.cursor('load', 'items')).toEqual(cursor)
  })

  it('cannot be replayed without any, by a chunk, of rules, or when their run’s files are gone', async () => {
    const tenant = await items('none')
    const { run_id: runId } = await tenant.run('load')
    await expect(flow.platform.replayRun({ runId, quarantined: true, chunk: 0 })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
    })
    await expect(replay('load-nobody')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    tenant.serve('items', () => [{ id: 1, amount: '1.00' }])
    await expect(replay((await tenant.run('load')).run_id)).rejects.toMatchObject({ message: /left no row/ })
    flow.setClock(new Date(flow.ports.clock.nowMs() + 31 * 86_400_000).toISOString())
    const settings = { bucket: flow.embedded.settings.bucket, lanes: 2, leaseMs: 1_000 }
    await beginSweep({ ports: flow.ports, settings, trace: 't' })
    await eventually(async () => ((await flow.ports.state.list(expiryPrefix)).entries.length === 0 ? true : undefined))
    mendIds(tenant)
    expect(await replayed(runId)).toMatchObject({ status: 'FAILED', error: { message: /kept no longer/ } })
  })
})

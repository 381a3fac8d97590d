import { DatabaseSync } from 'node:sqlite'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually, HOOK_MS, makeDoor, openFlow, type Flow, type FlowTenant, type Json } from './flow.ts'

/** `replay` of what a run lost, or did not do: once in effect, however often it is asked for. */
let flow: Flow
beforeAll(async () => void (flow = await openFlow()), HOOK_MS)
afterAll(() => flow.close(), HOOK_MS)

const rows = (...ids: number[]): Json[] => ids.map((id) => ({ id }))
const ITEMS = 'SELECT id FROM raw.items ORDER BY id'
const LINEAGE = 'SELECT id, _run_id, _chunk_id FROM raw.items ORDER BY id'
const INGEST = 'type: ingest, load: { dataset: raw, table: items, schema: row, strategy: append }'
const WINDOWS =
  'params: { day: "{{ window.start | date }}" }, windows: { from: "2026-01-01", to: "2026-01-05", size: 1d }'
const dayOf = (query: URLSearchParams): number => Number(query.get('day')?.slice(-1))
const replay = (runId: string, more: { stepId?: string; chunk?: number; quarantined?: boolean } = {}) =>
  flow.platform.replayRun({ runId, quarantined: false, ...more })
const stepsOf = (run: { steps: readonly { step_id: string; status: string }[] }) =>
  Object.fromEntries(run.steps.map(({ step_id, status }) => [step_id, status]))

/** A tenant whose step reads four windows, a chunk each: row n of day n. */
const windows = async (id: string, more: readonly string[] = [], head = ''): Promise<FlowTenant> => {
  const tenant = await flow.tenant(id)
  tenant.schema('row', { id: 'INT64' })
  tenant.api({ items: WINDOWS, others: '' })
  tenant.pipeline('load', [`step_id: items, source: api.items, ${INGEST}`, ...more], head)
  tenant.serve('items', (query) => rows(dayOf(query)))
  return tenant
}

const vanish = (runId: string): void => {
  const database = new DatabaseSync(join(flow.root, '.convergence/state.db'))
  database
    .prepare(
      "DELETE FROM deliveries WHERE json_extract(payload, '$.runId') = ? AND json_extract(payload, '$.type') <> 'run'",
    )
    .run(runId)
  database.close()
}

const chunksWaiting = async (runId: string): Promise<number> =>
  (await flow.embedded.deliveries.waiting(runId)).filter(({ type }) => type === 'chunk').length

describe('a run that has ended', () => {
  it('is replayed by a new run that takes over what is done, and reads only the chunk that was given up', async () => {
    const tenant = await windows('chunk')
    tenant.serve('items', (query) => (dayOf(query) === 3 ? 503 : rows(dayOf(query))))
    const failed = await tenant.run('load')
    expect(failed).toMatchObject({ status: 'FAILED', error: { code: 'UNAVAILABLE' } })
    const explained = await flow.platform.explainRun({ runId: failed.run_id })
    expect(explained.explanation).toMatchObject({
      steps: [{ chunks: { total: 4, rejected: 1 }, bad_chunks: [{ chunk: 2, code: 'UNAVAILABLE' }] }],
      advice: [{ command: `replay ${failed.run_id}` }],
    })
    expect(explained.explanation.steps[0]?.bad_chunks[0]?.message).toMatch(/after 2 attempts/)
    const before = tenant.requests('items').length
    tenant.serve('items', (query) => rows(dayOf(query)))
    const answer = await replay(failed.run_id, { chunk: 2 })
    expect(answer.how).toBe('created')
    expect(await flow.ended(answer.runId)).toMatchObject({
      status: 'SUCCEEDED',
      cause: 'replay',
      receipts: [{ balanced: true, rows: { fetched: 4, inserted: 4 } }],
    })
    expect(tenant.requests('items').slice(before).map(dayOf)).toEqual([3])
    expect(await tenant.rows(LINEAGE)).toEqual([1, 2, 3, 4].map((n) => `${n}|${answer.runId}|items-${n - 1}`))
    // The failed run is as it was.
    expect(await flow.platform.explainRun({ runId: failed.run_id })).toMatchObject({
      run: { status: 'FAILED' },
      explanation: { replayed_by: { run_id: answer.runId, status: 'SUCCEEDED' } },
    })
  })

  it('is replayed once, however often it is asked for at once', async () => {
    const tenant = await windows('often')
    tenant.serve('items', (query) => (dayOf(query) === 1 ? 500 : rows(dayOf(query))))
    const { run_id: failed } = await tenant.run('load')
    tenant.serve('items', (query) => rows(dayOf(query)))
    const answers = await Promise.all(Array.from({ length: 5 }, () => replay(failed)))
    expect(new Set(answers.map(({ runId }) => runId)).size).toBe(1)
    expect(answers.filter(({ how }) => how === 'created')).toHaveLength(1)
    const { runId = '' } = answers[0] ?? {}
    await flow.ended(runId)
    expect(await replay(failed)).toEqual({ runId, how: 'repeated' })
    await flow.settled(runId)
    expect(await tenant.rows(ITEMS)).toEqual(['1', '2', '3', '4'])
    // There is nothing left to do in the run that did it.
    await expect(replay(runId)).rejects.toMatchObject({ code: 'CONFLICT', message: /nothing is left to send/ })
  })

  it('does not do again what succeeded; what needed the failed step follows', async () => {
    const tenant = await windows('steps', [
      'step_id: others, type: ingest, source: api.others, load: { dataset: raw, table: others, schema: row, strategy: append }',
      'step_id: sums, type: transform, sql: silver/sums, load: { dataset: silver, table: sums, strategy: append }',
      'step_id: checks, type: dq, needs: [items], rules: rules, table: raw.items, scope: run',
    ])
    tenant.sql('silver/sums', 'SELECT SUM(id) AS total FROM {{ raw.items }}')
    tenant.rules('rules', [
      'expectation_type: expect_table_row_count_to_equal, kwargs: { value: 4 }, severity: critical',
    ])
    tenant.serve('others', () => 500)
    const failed = await tenant.run('load')
    expect(stepsOf(failed)).toMatchObject({ items: 'SUCCEEDED', others: 'FAILED', sums: 'SKIPPED' })
    await expect(replay(failed.run_id, { stepId: 'sums' })).rejects.toMatchObject({
      message: /replay others, and sums/,
    })
    await expect(replay(failed.run_id, { stepId: 'items' })).rejects.toMatchObject({ message: /has succeeded/ })
    await expect(replay(failed.run_id, { stepId: 'nobody' })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    tenant.serve('others', () => rows(7))
    const run = await flow.ended((await replay(failed.run_id, { stepId: 'others' })).runId)
    expect(run).toMatchObject({ status: 'SUCCEEDED' })
    expect(stepsOf(run)).toMatchObject({ items: 'SUCCEEDED', others: 'SUCCEEDED', sums: 'SUCCEEDED' })
    expect(await tenant.rows(ITEMS)).toEqual(['1', '2', '3', '4'])
    expect(await tenant.rows('SELECT total, COUNT(*) FROM silver.sums GROUP BY total')).toEqual(['10|1'])
    const explained = await flow.platform.explainRun({ runId: run.run_id })
    expect(explained.explanation.steps.find(({ step_id }) => step_id === 'items')).toMatchObject({
      from: failed.run_id,
    })
  })

  it('checks, in a replay, the rows of the run in which their step succeeded', async () => {
    const tenant = await windows('checks', ['step_id: checks, type: dq, rules: rules, table: raw.items, scope: run'])
    const rules = (count: number): void =>
      tenant.rules('rules', [
        `expectation_type: expect_table_row_count_to_equal, kwargs: { value: ${count} }, severity: critical`,
      ])
    rules(5)
    const failed = await tenant.run('load')
    expect(stepsOf(failed)).toEqual({ items: 'SUCCEEDED', checks: 'FAILED' })
    rules(4)
    const run = await flow.ended((await replay(failed.run_id)).runId)
    expect([run.status, stepsOf(run)]).toEqual(['SUCCEEDED', { items: 'SUCCEEDED', checks: 'SUCCEEDED' }])
    expect(await tenant.rows(ITEMS)).toEqual(['1', '2', '3', '4'])
  })

  it('reads everything anew when the data or the config was at fault', async () => {
    const tenant = await windows('anew')
    tenant.serve('items', (query) => (dayOf(query) === 2 ? [{ id: 'two' }] : rows(dayOf(query))))
    const failed = await tenant.run('load')
    expect(failed).toMatchObject({ status: 'FAILED', error: { code: 'DATA_REJECTED' } })
    await expect(replay(failed.run_id, { quarantined: true })).rejects.toMatchObject({ message: /was not published/ })
    tenant.serve('items', (query) => rows(dayOf(query) * 10))
    const run = await flow.ended((await replay(failed.run_id)).runId)
    expect(run).toMatchObject({ status: 'SUCCEEDED', receipts: [{ rows: { fetched: 4, rejected: 0 } }] })
    expect(await tenant.rows(ITEMS)).toEqual(['10', '20', '30', '40'])
  })

  it('is followed run after run: what fails in a replay is replayed from there', async () => {
    const tenant = await windows('chain')
    tenant.serve('items', (query) => (dayOf(query) > 2 ? 500 : rows(dayOf(query))))
    const first = await tenant.run('load')
    tenant.serve('items', (query) => (dayOf(query) === 4 ? 500 : rows(dayOf(query))))
    const second = await flow.ended((await replay(first.run_id)).runId)
    expect(second.status).toBe('FAILED')
    expect((await replay(first.run_id)).how).toBe('repeated')
    const before = tenant.requests('items').length
    tenant.serve('items', (query) => rows(dayOf(query)))
    const third = await flow.ended((await replay(second.run_id)).runId)
    expect(third.status).toBe('SUCCEEDED')
    expect(tenant.requests('items').slice(before).map(dayOf)).toEqual([4])
    expect(await tenant.rows(ITEMS)).toEqual(['1', '2', '3', '4'])
  })

  it('does what a cancelled run had not done', async () => {
    const tenant = await windows('cancelled')
    const door = makeDoor()
    tenant.serve('items', (query) => (dayOf(query) === 4 ? door.pass(rows(4)) : rows(dayOf(query))))
    const runId = await tenant.start('load')
    await door.reached
    await eventually(async () => ((await chunksWaiting(runId)) === 1 ? true : undefined))
    await flow.platform.cancelRun({ runId })
    await flow.ended(runId)
    door.open()
    const run = await flow.ended((await replay(runId)).runId)
    expect(run.status).toBe('SUCCEEDED')
    expect(await tenant.rows(ITEMS)).toEqual(['1', '2', '3', '4'])
  })

  it('reads no row that another run has loaded since: the cursor has moved on', async () => {
    const tenant = await flow.tenant('cursor')
    tenant.schema('row', { id: 'INT64', at: 'TIMESTAMP' })
    tenant.api({
      items:
        'params: { from: "{{ window.start }}", to: "{{ window.end }}" }, incremental: { cursor: at, initial: "2026-01-01" }',
    })
    tenant.pipeline('load', [`step_id: items, source: api.items, ${INGEST}`])
    const source = [
      { id: 1, at: '2026-01-02T00:00:00Z' },
      { id: 2, at: '2026-01-03T00:00:00Z' },
    ]
    tenant.serve('items', () => 503)
    const failed = await tenant.run('load')
    tenant.serve('items', () => source)
    await tenant.run('load')
    expect(await tenant.rows(ITEMS)).toEqual(['1', '2'])
    const run = await flow.ended((await replay(failed.run_id)).runId)
    expect(run).toMatchObject({ status: 'SUCCEEDED', receipts: [{ rows: { inserted: 0 } }] })
    expect(await tenant.rows(ITEMS)).toEqual(['1', '2'])
  })
})

describe('a run that has not ended', () => {
  it('goes on when its chunks were lost, all of them or the one that is named', async () => {
    const tenant = await windows('lost')
    const putBack = flow.override('tasks', (real) => ({
      enqueue: (queue, task, options) =>
        real.enqueue(queue, task, task.type === 'chunk' ? { ...options, delayMs: 3_600_000 } : options),
    }))
    const runId = await tenant.start('load')
    await eventually(async () => ((await chunksWaiting(runId)) === 4 ? true : undefined))
    vanish(runId)
    putBack()
    expect(await flow.platform.explainRun({ runId })).toMatchObject({
      explanation: { under_way: [], advice: [{ command: `replay ${runId}` }] },
    })
    expect(await replay(runId, { chunk: 1 })).toEqual({ runId, how: 'resumed' })
    await eventually(async () => (tenant.requests('items').length === 1 ? true : undefined))
    await eventually(async () => ((await flow.embedded.deliveries.waiting(runId)).length === 0 ? true : undefined))
    await expect(replay(runId, { chunk: 1 })).rejects.toMatchObject({ message: /chunk 1 of step items is done/ })
    await expect(replay(runId, { chunk: 9 })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await replay(runId)
    expect((await flow.ended(runId)).status).toBe('SUCCEEDED')
    expect(
      tenant
        .requests('items')
        .map(dayOf)
        .toSorted((a, b) => a - b),
    ).toEqual([1, 2, 3, 4])
    expect(await tenant.rows(ITEMS)).toEqual(['1', '2', '3', '4'])
  })

  it('loads every row once although it is replayed, again and again, while it works', async () => {
    const tenant = await windows('working')
    const door = makeDoor()
    tenant.serve('items', (query) => door.pass(rows(dayOf(query))))
    const runId = await tenant.start('load')
    await door.reached
    for (let n = 0; n < 3; n++) expect((await replay(runId)).how).toBe('resumed')
    await expect(replay(runId, { quarantined: true })).rejects.toMatchObject({ code: 'CONFLICT' })
    await eventually(async () => ((await chunksWaiting(runId)) >= 8 ? true : undefined))
    door.open()
    expect((await flow.settled(runId)).receipts).toMatchObject([{ balanced: true, rows: { inserted: 4 } }])
    await eventually(async () => ((await flow.embedded.deliveries.waiting(runId)).length === 0 ? true : undefined))
    expect(await tenant.rows(ITEMS)).toEqual(['1', '2', '3', '4'])
  })

  it('says whom it waits for', async () => {
    const tenant = await windows('queue')
    const door = makeDoor()
    tenant.serve('items', (query) => door.pass(rows(dayOf(query))))
    const [first, second] = [await tenant.start('load'), await tenant.start('load')]
    await flow.until(second, ({ status }) => status === 'QUEUED')
    expect(await flow.platform.explainRun({ runId: second })).toMatchObject({
      explanation: {
        waiting_for: [{ what: 'slot', run_id: first }],
        advice: [{ command: `runs show ${first}` }],
      },
    })
    door.open()
    for (const runId of [first, second]) await flow.ended(runId)
  })
})

import { DatabaseSync } from 'node:sqlite'
import { join } from 'node:path'
import { beginSweep, onRunTask, onSweep } from '@convergence/orchestrator/handler.ts'
import { activeKey, expiryPrefix, markerName, runFolder, runKey, tenantKey } from '@convergence/core/names.ts'
import { runDocument } from '@convergence/core/run/run.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually, HOOK_MS, makeDoor, openFlow, type Flow, type FlowTenant, type Json } from './flow.ts'

/** What the sweep makes of runs whose work has vanished, that are out of time, or whose files are kept no longer. */
let flow: Flow
beforeAll(async () => void (flow = await openFlow()), HOOK_MS)
afterAll(() => flow.close(), HOOK_MS)

const QUIET_MS = 15 * 60_000
const FILES = 4
const ROWS = 'SELECT id FROM raw.items ORDER BY id'
const rows = (...ids: number[]): Json[] => ids.map((id) => ({ id }))

/** A tenant whose step reads four windows, a chunk each. */
const windows = async (id: string, head = ''): Promise<FlowTenant> => {
  const tenant = await flow.tenant(id)
  tenant.schema('row', { id: 'INT64' })
  tenant.api({
    items: 'params: { day: "{{ window.start | date }}" }, windows: { from: "2026-01-01", to: "2026-01-05", size: 1d }',
  })
  tenant.pipeline(
    'load',
    [
      'step_id: items, type: ingest, source: api.items, load: { dataset: raw, table: items, schema: row, strategy: append }',
    ],
    head,
  )
  tenant.serve('items', (query) => rows(Number(query.get('day')?.slice(-1))))
  return tenant
}

const stage = () => ({
  ports: flow.ports,
  settings: { bucket: flow.embedded.settings.bucket, lanes: 2, leaseMs: 1_000, quietMs: QUIET_MS },
  trace: 'sweep',
})

/** Holds back what is delivered by a queue, so that it can be lost. */
const delayed = (queue: string, matches: (task: { readonly type: string }) => boolean = () => true): (() => void) =>
  flow.override('tasks', (real) => ({
    enqueue: (to, task, options) =>
      real.enqueue(to, task, to === queue && matches(task) ? { ...options, delayMs: 3 * 86_400_000 } : options),
  }))

/** Takes deliveries out of the state file, as if they had never been there. Their tasks' names stay used. */
const vanish = (runId: string): number => {
  const database = new DatabaseSync(join(flow.root, '.convergence/state.db'))
  try {
    const gone = database.prepare(
      "DELETE FROM deliveries WHERE json_extract(payload, '$.runId') = ? AND json_extract(payload, '$.type') <> 'run'",
    )
    return Number(gone.run(runId).changes)
  } finally {
    database.close()
  }
}

const countDeliveries = (runId: string): number => {
  const database = new DatabaseSync(join(flow.root, '.convergence/state.db'), { readOnly: true })
  try {
    const count = database.prepare(
      "SELECT count(*) AS n FROM deliveries WHERE json_extract(payload, '$.runId') = ? AND json_extract(payload, '$.type') <> 'run'",
    )
    return Number(count.get(runId)?.['n'])
  } finally {
    database.close()
  }
}

let shiftedMs = 0
const pass = (ms: number): void => {
  shiftedMs += ms
  flow.setClock(new Date(Date.now() + shiftedMs).toISOString())
}

/** Runs a whole sweep, and waits until its pieces are done. */
const sweep = async (): Promise<void> => {
  await beginSweep(stage())
  const database = new DatabaseSync(join(flow.root, '.convergence/state.db'), { readOnly: true })
  const left = database.prepare(
    "SELECT count(*) AS n FROM deliveries WHERE json_extract(payload, '$.type') = 'sweep' OR json_extract(payload, '$.check') = 'quiet'",
  )
  await eventually(() => (Number(left.get()?.['n']) === 0 ? true : undefined))
  database.close()
}

describe('a run whose work has vanished', () => {
  it('goes on from the first gap of each lane, under names that were not used, and loads every row once', async () => {
    const tenant = await windows('chunks')
    const putBack = delayed('chunks')
    const runId = await tenant.start('load')
    await flow.until(runId, ({ steps }) => steps[0]?.acknowledged === true)
    await eventually(() => (countDeliveries(runId) === FILES ? true : undefined))
    expect(vanish(runId)).toBe(FILES)
    putBack()
    await sweep()
    // It has been silent for a moment only.
    expect(countDeliveries(runId)).toBe(0)
    expect(await flow.platform.explainRun({ runId })).toMatchObject({
      explanation: { under_way: [], advice: [{ command: `replay ${runId}` }] },
    })
    pass(QUIET_MS)
    await sweep()
    expect(await flow.ended(runId)).toMatchObject({ status: 'SUCCEEDED', receipts: [{ balanced: true }] })
    expect(await tenant.rows(ROWS)).toEqual(['1', '2', '3', '4'])
  })

  it('is published although the look at its job was lost', async () => {
    const tenant = await windows('looks')
    const putBack = delayed('ingest-jobs')
    const runId = await tenant.start('load')
    await flow.until(runId, ({ steps }) => steps[0]?.status === 'PUBLISHING' && steps[0].acknowledged)
    await eventually(() => (countDeliveries(runId) === 1 ? true : undefined))
    vanish(runId)
    putBack()
    pass(QUIET_MS)
    await sweep()
    expect((await flow.ended(runId)).status).toBe('SUCCEEDED')
    expect(await tenant.rows(ROWS)).toEqual(['1', '2', '3', '4'])
  })

  it('is found when only the freezing of the manifest was lost', async () => {
    const tenant = await windows('freeze')
    const at = { tenant: 'freeze', stepId: 'items' }
    // The process dies, each time, where it would tell of the frozen manifest.
    const putBack = flow.override('bus', (real) => ({
      publish: (topic, message) => (message.type === 'step.staged' ? Promise.resolve() : real.publish(topic, message)),
    }))
    const runId = await tenant.start('load')
    const last = { bucket: flow.embedded.settings.bucket, name: markerName({ ...at, runId }, FILES - 1) }
    await eventually(() => flow.ports.objects.head(last))
    await eventually(() => (countDeliveries(runId) === 0 ? true : undefined))
    putBack()
    pass(QUIET_MS)
    await sweep()
    expect((await flow.ended(runId)).status).toBe('SUCCEEDED')
    expect(await tenant.rows(ROWS)).toEqual(['1', '2', '3', '4'])
  })

  it('is left alone while its host holds work of it, however long that takes', async () => {
    const tenant = await windows('alive')
    const door = makeDoor()
    tenant.serve('items', (query) => door.pass(rows(Number(query.get('day')?.slice(-1)))))
    const runId = await tenant.start('load')
    await door.reached
    pass(QUIET_MS + 60_000)
    await sweep()
    await sweep()
    expect(countDeliveries(runId)).toBe(FILES)
    door.open()
    expect((await flow.ended(runId)).status).toBe('SUCCEEDED')
    expect(tenant.requests('items')).toHaveLength(FILES)
    expect(await tenant.rows(ROWS)).toEqual(['1', '2', '3', '4'])
  })

  it('loads every row once although two sweeps meet, and the work was not lost at all', async () => {
    const tenant = await windows('twice')
    const door = makeDoor()
    tenant.serve('items', (query) => door.pass(rows(Number(query.get('day')?.slice(-1)))))
    const runId = await tenant.start('load')
    await door.reached
    pass(QUIET_MS)
    const tick = flow.ports.clock.nowMs()
    const piece = { version: 1, trace: 't', type: 'sweep', what: 'runs', tick }
    // These know nothing of what the host holds.
    await Promise.all([1, 2].map(() => onSweep(stage(), piece, { attempt: 1, trace: 't' })))
    const look = { version: 1, trace: 't', type: 'run', runId, check: 'resume', tick }
    await Promise.all([1, 2].map(() => onRunTask(stage(), look, { attempt: 1, trace: 't' })))
    await eventually(() => (countDeliveries(runId) === FILES * 2 ? true : undefined))
    door.open()
    expect((await flow.ended(runId)).status).toBe('SUCCEEDED')
    await eventually(() => (countDeliveries(runId) === 0 ? true : undefined))
    expect(await tenant.rows(ROWS)).toEqual(['1', '2', '3', '4'])
  })

  it('fails with the reason when what it needs to go on is gone', async () => {
    const tenant = await windows('config')
    const putBack = delayed('chunks')
    const runId = await tenant.start('load')
    await eventually(() => (countDeliveries(runId) === FILES ? true : undefined))
    vanish(runId)
    putBack()
    const entry = await flow.ports.state.get(runKey(runId))
    const broken = { ...runDocument.parse(entry?.value), configHash: '0'.repeat(32) }
    await flow.ports.state.compareAndSet(runKey(runId), entry?.version ?? null, broken)
    pass(QUIET_MS)
    await sweep()
    expect(await flow.ended(runId)).toMatchObject({
      status: 'FAILED',
      error: { message: expect.stringMatching(/^the run cannot go on: /) },
    })
    expect(await tenant.rows(ROWS)).toEqual([])
  })
})

describe('the sweep', () => {
  it('ends a run whose clock was lost, and one whose tenant was suspended', async () => {
    const late = await windows('late', 'timeout: 10m')
    const shut = await windows('shut')
    const putBack = delayed('chunks')
    const [first, second] = [await late.start('load'), await shut.start('load')]
    for (const runId of [first, second]) await eventually(() => (countDeliveries(runId) === FILES ? true : undefined))
    const database = new DatabaseSync(join(flow.root, '.convergence/state.db'))
    database.prepare("DELETE FROM deliveries WHERE json_extract(payload, '$.runId') = ?").run(first)
    database.close()
    const tenant = await flow.ports.state.get(tenantKey('shut'))
    await flow.ports.state.compareAndSet(tenantKey('shut'), tenant?.version ?? null, {
      ...(tenant?.value as object),
      status: 'suspended',
    })
    pass(10 * 60_000)
    await sweep()
    expect(await flow.ended(first)).toMatchObject({ status: 'FAILED', error: { code: 'TIMED_OUT' } })
    expect(await flow.ended(second)).toMatchObject({ status: 'CANCELLED', error: { code: 'SUSPENDED' } })
    putBack()
  })

  it('closes an entry of the active set whose run was never written, after an hour', async () => {
    await flow.tenant('entries')
    const key = activeKey('entries', 'load-nobody')
    const requestedAt = new Date(flow.ports.clock.nowMs()).toISOString()
    await flow.ports.state.compareAndSet(key, null, { pipelineId: 'load', requestedAt })
    await sweep()
    expect(await flow.ports.state.get(key)).toBeDefined()
    pass(3_600_000)
    await sweep()
    expect(await flow.ports.state.get(key)).toBeUndefined()
  })

  it('goes through any number of runs, a page at a time', async () => {
    await flow.tenant('pages')
    const requestedAt = new Date(flow.ports.clock.nowMs() - 3_600_000).toISOString()
    const keys = Array.from({ length: 120 }, (_, index) => activeKey('pages', `load-${index}`))
    for (const key of keys) await flow.ports.state.compareAndSet(key, null, { pipelineId: 'load', requestedAt })
    await sweep()
    expect((await flow.ports.state.list('active/pages/')).entries).toEqual([])
  })

  it('deletes the files of an ended run when they are kept no longer, and leaves its rows', async () => {
    const tenant = await windows('files')
    const { run_id: runId } = await flow.settled(await tenant.start('load'))
    const list = async () =>
      (await flow.ports.objects.list(flow.embedded.settings.bucket, runFolder('files', runId))).objects.length
    pass(29 * 86_400_000)
    await sweep()
    expect(await list()).toBeGreaterThan(FILES)
    pass(2 * 86_400_000)
    await sweep()
    expect(await list()).toBe(0)
    expect((await flow.ports.state.list(expiryPrefix)).entries).toEqual([])
    expect(await tenant.rows(ROWS)).toEqual(['1', '2', '3', '4'])
    expect(await flow.platform.explainRun({ runId })).toMatchObject({ run: { status: 'SUCCEEDED' } })
  })
})

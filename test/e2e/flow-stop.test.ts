import { markerName } from '@convergence/core/names.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { HOOK_MS, eventually, makeDoor, openFlow, type Flow, type FlowTenant, type Json } from './flow.ts'

/** Cancels, time-outs, `concurrency` and `on_failure` of real steps. */
let flow: Flow
beforeAll(async () => void (flow = await openFlow()), HOOK_MS)
afterAll(() => flow.close(), HOOK_MS)

const ROWS = 'SELECT id FROM raw.items ORDER BY id'
const ingest = (id: string, more = ''): string =>
  `step_id: ${id}, type: ingest, source: api.${id}, load: { dataset: raw, table: ${id}, schema: row, strategy: append }${more}`
const items = async (id: string, head = '', steps = [ingest('items')]): Promise<FlowTenant> => {
  const tenant = await flow.tenant(id)
  tenant.schema('row', { id: 'INT64' })
  const resource = 'params: { n: "{{ parameters.n }}" }'
  tenant.api({ items: resource, others: resource })
  tenant.pipeline('load', steps, `parameters: { n: { type: integer, default: 0 } }\n${head}`)
  return tenant
}
const rows = (...ids: number[]): Json[] => ids.map((id) => ({ id }))
const stepsOf = (run: { steps: readonly { step_id: string; status: string }[] }) =>
  Object.fromEntries(run.steps.map(({ step_id, status }) => [step_id, status]))
const cancel = (runId: string) => flow.platform.cancelRun({ runId })

describe('a cancel', () => {
  it('of a QUEUED run ends it before it starts; those behind it go on', async () => {
    const tenant = await items('queued')
    const door = makeDoor()
    tenant.serve('items', (query) => door.pass(rows(Number(query.get('n')))))
    const [first, second, third] = [
      await tenant.start('load', { n: 1 }),
      await tenant.start('load', { n: 2 }),
      await tenant.start('load', { n: 3 }),
    ]
    await flow.until(second, ({ status }) => status === 'QUEUED')
    await cancel(second)
    expect(await flow.ended(second)).toMatchObject({
      status: 'CANCELLED',
      started_at: null,
      steps: [{ status: 'SKIPPED' }],
    })
    door.open()
    expect([(await flow.ended(first)).status, (await flow.ended(third)).status]).toEqual(['SUCCEEDED', 'SUCCEEDED'])
    expect(await tenant.rows(ROWS)).toEqual(['1', '3'])
  })

  it('while chunks are read ends it at once; what is read late becomes visible nowhere', async () => {
    const tenant = await items('reading')
    const door = makeDoor()
    tenant.serve('items', () => door.pass(rows(1, 2)))
    const runId = await tenant.start('load')
    await door.reached
    await cancel(runId)
    expect(await flow.ended(runId)).toMatchObject({
      status: 'CANCELLED',
      error: { code: 'CANCELLED' },
      receipts: [],
      steps: [{ status: 'CANCELLED' }],
    })
    door.open()
    const at = { tenant: tenant.id, runId, stepId: 'items' }
    const marker = { bucket: flow.embedded.settings.bucket, name: markerName(at, 0) }
    await eventually(() => flow.ports.objects.head(marker))
    tenant.serve('items', () => rows(3))
    await tenant.run('load')
    expect(await tenant.rows(ROWS)).toEqual(['3'])
    expect(await cancel(runId)).toMatchObject({ run: { status: 'CANCELLED' } })
  })

  it('before its publishing job is submitted seals the job: it never runs', async () => {
    const tenant = await items('sealed')
    tenant.serve('items', () => rows(1))
    const door = makeDoor()
    const late: string[] = []
    const putBack = flow.override('warehouse', (real) => ({
      submit: async (ref, job) => {
        if (job.kind !== 'publish' || ref.tenant !== 'sealed') return real.submit(ref, job)
        await door.pass(undefined)
        const answer = await real.submit(ref, job)
        late.push(answer.outcome)
        return answer
      },
    }))
    const runId = await tenant.start('load')
    await door.reached
    await cancel(runId)
    expect(await flow.ended(runId)).toMatchObject({
      status: 'CANCELLED',
      receipts: [],
      steps: [{ status: 'CANCELLED' }],
    })
    door.open()
    await eventually(() => late[0])
    putBack()
    expect(late).toEqual(['exists'])
    expect(await tenant.rows(ROWS)).toEqual([])
    await tenant.run('load')
    expect(await tenant.rows(ROWS), 'the table is free').toEqual(['1'])
  })

  it('after its publishing job was submitted awaits it: receipt and cursor are there before the run ends', async () => {
    const tenant = await items('published')
    tenant.schema('row', { id: 'INT64', at: 'TIMESTAMP' })
    tenant.api({ items: 'incremental: { cursor: at, initial: "2026-01-01" }' })
    tenant.serve('items', () => [{ id: 1, at: '2026-01-02T00:00:00Z' }])
    const door = makeDoor()
    const putBack = flow.override('warehouse', (real) => ({
      submit: async (ref, job) => {
        const answer = await real.submit(ref, job)
        return job.kind === 'publish' && ref.tenant === 'published' ? door.pass(answer) : answer
      },
    }))
    const runId = await tenant.start('load')
    await door.reached
    await cancel(runId)
    const run = await flow.ended(runId)
    expect(run).toMatchObject({
      status: 'CANCELLED',
      steps: [{ status: 'SUCCEEDED', tables: ['raw.items'], rows: { loaded: 1 } }],
      receipts: [{ balanced: true, rows: { inserted: 1 } }],
    })
    expect(await tenant.cursor('load', 'items')).toMatchObject({ value: run.logical_time, generation: 1 })
    door.open()
    putBack()
    await tenant.run('load')
    expect(await tenant.rows(ROWS)).toEqual(['1'])
  })

  it('does not let rejected rows into the quarantine after the end either', async () => {
    const tenant = await items('rejects', '', [ingest('items').replace('strategy', 'max_rejected: 1, strategy')])
    tenant.serve('items', () => [...rows(1), { id: 'x' }])
    const door = makeDoor()
    const late: string[] = []
    const putBack = flow.override('warehouse', (real) => ({
      submit: async (ref, job) => {
        if (job.kind !== 'publish' || job.target.dataset !== 'quarantine') return real.submit(ref, job)
        await door.pass(undefined)
        const answer = await real.submit(ref, job)
        late.push(answer.outcome)
        return answer
      },
    }))
    const runId = await tenant.start('load')
    await door.reached
    await cancel(runId)
    expect(await flow.ended(runId)).toMatchObject({ status: 'CANCELLED' })
    door.open()
    await eventually(() => late[0])
    putBack()
    expect(late).toEqual(['exists'])
    expect(await tenant.rows('SELECT raw FROM quarantine.rejected_rows')).toEqual([])
  })

  it('of a run that has ended is a conflict', async () => {
    const tenant = await items('ended')
    tenant.serve('items', () => rows(1))
    const { run_id: runId } = await tenant.run('load')
    await expect(cancel(runId)).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('SUCCEEDED'),
    })
    tenant.serve('items', () => 500)
    const failed = await tenant.run('load')
    await expect(cancel(failed.run_id)).rejects.toMatchObject({ code: 'CONFLICT' })
    expect((await flow.ended(runId)).status).toBe('SUCCEEDED')
  })
})

describe('a time-out', () => {
  it('of a step ends it and, by on_failure, the run', async () => {
    const tenant = await items('step', '', [ingest('items', ', timeout: 100ms')])
    const door = makeDoor()
    tenant.serve('items', () => door.pass(rows(1)))
    expect(await tenant.run('load')).toMatchObject({
      status: 'FAILED',
      error: { code: 'TIMED_OUT', message: 'step items: the step ran out of its time (timeout)' },
      steps: [{ status: 'FAILED', error: { code: 'TIMED_OUT' } }],
    })
    door.open()
  })

  it('of the run ends what is under way, counted from when it began, not from when it was asked for', async () => {
    const tenant = await items('run', 'timeout: 150ms')
    const door = makeDoor()
    tenant.serve('items', () => door.pass(rows(1)))
    const [first, second] = [await tenant.start('load'), await tenant.start('load')]
    await door.reached
    await flow.until(second, ({ status }) => status === 'QUEUED')
    expect(await flow.ended(first)).toMatchObject({
      status: 'FAILED',
      error: { code: 'TIMED_OUT' },
      steps: [{ status: 'CANCELLED' }],
    })
    tenant.serve('items', () => rows(2))
    // It waited as long as the first ran, and has its own time.
    expect(await flow.until(second, ({ startedAt }) => startedAt !== undefined)).toMatchObject({ slot: 0 })
    await flow.ended(second)
    door.open()
  })
})

describe('concurrency', () => {
  it('lets runs of one pipeline begin in the order in which they were asked for', async () => {
    const tenant = await items('order')
    const door = makeDoor()
    tenant.serve('items', (query) => door.pass(rows(Number(query.get('n')))))
    const runs: string[] = []
    for (let n = 1; n <= 5; n++) runs.push(await tenant.start('load', { n }))
    for (const run of runs.slice(1)) await flow.until(run, ({ status }) => status === 'QUEUED')
    // The first one has the slot, but may still be on its way to the source.
    await door.reached
    expect(tenant.requests('items')).toHaveLength(1)
    door.open()
    for (const run of runs) expect((await flow.ended(run)).status).toBe('SUCCEEDED')
    expect(tenant.requests('items').map((query) => query.get('n'))).toEqual(['1', '2', '3', '4', '5'])
    expect(await tenant.rows(ROWS)).toEqual(['1', '2', '3', '4', '5'])
  })

  it('lets nobody overtake: a run that is asked for in the moment in which the slot is free waits for its turn', async () => {
    const tenant = await items('turn')
    const running = makeDoor()
    tenant.serve('items', (query) => running.pass(rows(Number(query.get('n')))))
    const [first, second] = [await tenant.start('load', { n: 1 }), await tenant.start('load', { n: 2 })]
    await flow.until(second, ({ status }) => status === 'QUEUED')
    // The first has left its slot, and its word to the second is on its way for long.
    const waking = makeDoor()
    let words = 0
    const putBack = flow.override('bus', (real) => ({
      publish: async (topic, message) => {
        const isWord = 'runId' in message && message.runId === second && message.type === 'run.requested'
        if (isWord && words++ === 0) await waking.pass(undefined)
        await real.publish(topic, message)
      },
    }))
    running.open()
    await waking.reached
    const third = await tenant.start('load', { n: 3 })
    // The third finds the slot free, lets the second go first, and tells it so.
    for (const run of [first, second, third]) expect((await flow.ended(run)).status).toBe('SUCCEEDED')
    expect(tenant.requests('items').map((query) => query.get('n'))).toEqual(['1', '2', '3'])
    waking.open()
    putBack()
  })

  it('of two lets two run, and no third', async () => {
    const tenant = await items('two', 'concurrency: 2')
    const door = makeDoor()
    tenant.serve('items', (query) => door.pass(rows(Number(query.get('n')))))
    const runs = [
      await tenant.start('load', { n: 1 }),
      await tenant.start('load', { n: 2 }),
      await tenant.start('load', { n: 3 }),
    ]
    await eventually(() => (tenant.requests('items').length === 2 ? true : undefined))
    await flow.until(runs[2] ?? '', ({ status }) => status === 'QUEUED')
    door.open()
    for (const run of runs) expect((await flow.ended(run)).status).toBe('SUCCEEDED')
    expect(await tenant.rows(ROWS)).toEqual(['1', '2', '3'])
  })

  it('is free again after a failure and a cancel', async () => {
    const tenant = await items('free')
    const door = makeDoor()
    tenant.serve('items', async (query) =>
      query.get('n') === '1' ? door.pass(500) : query.get('n') === '2' ? makeDoor().pass(0) : rows(3),
    )
    const [failing, cancelled, last] = [
      await tenant.start('load', { n: 1 }),
      await tenant.start('load', { n: 2 }),
      await tenant.start('load', { n: 3 }),
    ]
    await flow.until(last, ({ status }) => status === 'QUEUED')
    door.open()
    expect((await flow.ended(failing)).status).toBe('FAILED')
    await flow.until(cancelled, ({ status }) => status === 'RUNNING')
    await cancel(cancelled)
    expect([(await flow.ended(cancelled)).status, (await flow.ended(last)).status]).toEqual(['CANCELLED', 'SUCCEEDED'])
    expect(await tenant.rows(ROWS)).toEqual(['3'])
  })
})

describe('on_failure', () => {
  const AFTER =
    'step_id: after, type: transform, sql: silver/after, load: { dataset: silver, table: after, strategy: append }'
  const failing = async (id: string, onFailure: string): Promise<FlowTenant> => {
    const tenant = await items(id, '', [
      ingest('items', `, on_failure: ${onFailure}`),
      AFTER,
      `${ingest('others')}, needs: []`,
    ])
    tenant.sql('silver/after', 'SELECT 7 AS id')
    tenant.serve('items', () => 500)
    return tenant
  }

  it('stop skips the rest and stops what runs beside it', async () => {
    const tenant = await failing('stop', 'stop')
    const door = makeDoor()
    tenant.serve('others', () => door.pass(rows(1)))
    tenant.serve('items', async () => {
      await door.reached
      return 500
    })
    const run = await tenant.run('load')
    expect(run).toMatchObject({ status: 'FAILED', error: { message: expect.stringMatching(/^step items: /) } })
    expect(stepsOf(run)).toEqual({ items: 'FAILED', after: 'SKIPPED', others: 'CANCELLED' })
    door.open()
  })

  it('continue goes on with what does not need the step; the run has FAILED', async () => {
    const tenant = await failing('goes', 'continue')
    tenant.serve('others', () => rows(1))
    const run = await tenant.run('load')
    expect(run).toMatchObject({ status: 'FAILED', error: { message: expect.stringMatching(/^step items: /) } })
    expect(stepsOf(run)).toEqual({ items: 'FAILED', after: 'SKIPPED', others: 'SUCCEEDED' })
    expect(await tenant.rows('SELECT id FROM raw.others')).toEqual(['1'])
  })

  it.each(['items', 'after'])('never lets a step be green whose receipt does not balance: %s', async (step) => {
    const tenant = await items(`account${step}`, '', [
      ingest('items', ', on_failure: continue'),
      `${AFTER}, on_failure: continue`,
    ])
    tenant.sql('silver/after', 'SELECT id FROM {{ raw.items }}')
    tenant.serve('items', () => rows(1, 2))
    const putBack = flow.override('warehouse', (real) => ({
      poll: async (ref) => {
        const status = await real.poll(ref)
        if (status?.kind !== 'publish' || status.state !== 'done' || !status.counts || status.labels.step !== step)
          return status
        return { ...status, counts: { ...status.counts, inserted: 1 } }
      },
    }))
    const run = await tenant.run('load')
    putBack()
    expect(run).toMatchObject({ status: 'FAILED', error: { message: expect.stringContaining('does not balance') } })
    expect(stepsOf(run)).toEqual(
      step === 'items' ? { items: 'FAILED', after: 'SKIPPED' } : { items: 'SUCCEEDED', after: 'FAILED' },
    )
    // What became visible is in a receipt all the same.
    expect(run.receipts.find((receipt) => receipt.step_id === step)).toMatchObject({ balanced: false })
  })

  it('alert goes on with everything; the run has SUCCEEDED with a warning', async () => {
    const tenant = await failing('alert', 'alert')
    tenant.serve('others', () => rows(1))
    const run = await tenant.run('load')
    expect(run).toMatchObject({
      status: 'SUCCEEDED',
      error: null,
      warnings: [{ message: expect.stringMatching(/^step items: /) }],
    })
    expect(stepsOf(run)).toEqual({ items: 'FAILED', after: 'SUCCEEDED', others: 'SUCCEEDED' })
    expect(await tenant.rows('SELECT id FROM silver.after')).toEqual(['7'])
  })
})

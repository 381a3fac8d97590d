import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { handlersOf } from '@convergence/cli/embedded/handlers.ts'
import type { Message, Queue, Task, Topic } from '@convergence/core/messages.ts'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { HOOK_MS, eventually, openFlow, type Flow, type FlowTenant } from './flow.ts'

/** Everything is delivered at least once: here every message and every task comes twice. */
let flow: Flow
const sent: ({ topic: Topic; message: Message } | { queue: Queue; task: Task })[] = []
beforeAll(async () => {
  flow = await openFlow()
  flow.override('bus', (real) => ({
    publish: async (topic, message) => {
      // What a second delivery sends again comes once more, not twice: else there would be no end to it.
      const isNew = !sent.some((one) => 'topic' in one && isDeepStrictEqual(one.message, message))
      if (isNew) sent.push({ topic, message })
      await Promise.all([real.publish(topic, message), ...(isNew ? [real.publish(topic, message)] : [])])
    },
  }))
  flow.override('tasks', (real) => ({
    enqueue: async (queue, task, options) => {
      const answer = await real.enqueue(queue, task, options)
      if (answer === 'exists') return answer
      sent.push({ queue, task })
      await real.enqueue(queue, task, { ...options, name: `${options.name}-again` })
      return answer
    },
  }))
}, HOOK_MS)
afterAll(() => flow.close(), HOOK_MS)

const LINES = [
  { id: 1, amount: '1.5', at: '2026-03-01T01:00:00Z' },
  { id: 2, amount: '-2', at: '2026-03-02T02:00:00Z' },
  { id: 3, amount: 'x', at: '2026-03-02T03:00:00Z' },
  { id: 4, amount: '3.25', at: '2026-03-03T04:00:00Z' },
]

const setUp = async (id: string): Promise<FlowTenant> => {
  const tenant = await flow.tenant(id)
  tenant.schema('line', { id: 'INT64', amount: 'NUMERIC', at: 'TIMESTAMP' })
  tenant.api({
    lines:
      'params: { since: "{{ window.start }}", until: "{{ window.end }}" }, incremental: { cursor: at, initial: "2026-03-01", size: 1d }',
  })
  tenant.rules('lines', [
    'expectation_type: expect_column_values_to_be_between, kwargs: { column: amount, min_value: 0 }, severity: warning, quarantine: true',
  ])
  tenant.sql('silver/sums', 'SELECT COUNT(*) AS n, SUM(amount) AS amount FROM {{ raw.lines }}')
  tenant.pipeline('load', [
    'step_id: lines, type: ingest, source: api.lines, load: { dataset: raw, table: lines, schema: line, strategy: append, max_rejected: 1 }, gate: lines',
    'step_id: checks, type: dq, rules: lines, table: raw.lines',
    'step_id: sums, type: transform, sql: silver/sums, load: { dataset: silver, table: sums, strategy: append }',
  ])
  tenant.serve('lines', (query) =>
    LINES.filter(({ at }) => at >= (query.get('since') ?? '') && at < (query.get('until') ?? '')),
  )
  return tenant
}

/** All that a run leaves behind. */
const traces = async (tenant: FlowTenant) => ({
  lines: await tenant.rows('SELECT id, amount FROM raw.lines ORDER BY id'),
  sums: await tenant.rows('SELECT n, amount FROM silver.sums'),
  quarantine: await tenant.rows('SELECT step, `column`, value FROM quarantine.rejected_rows ORDER BY step'),
  receipts: await tenant.rows(
    'SELECT step_id, fetched, accepted, rejected, filtered, staged, inserted, balanced FROM metadata.load_receipts ORDER BY step_id',
  ),
  runs: await tenant.rows('SELECT status FROM metadata.pipeline_runs'),
  steps: await tenant.rows('SELECT step_id, status FROM metadata.step_runs ORDER BY step_id'),
  results: await tenant.rows('SELECT step_id, unexpected_count FROM metadata.dq_results ORDER BY step_id'),
})
const ONCE = {
  lines: ['1|1.5', '4|3.25'],
  sums: ['2|4.75'],
  quarantine: ['checks|amount|-2.000000000', 'lines|amount|x'],
  receipts: ['lines|4|3|1|0|3|3|true', 'sums|1|1|0|0|1|1|true'],
  runs: ['SUCCEEDED'],
  steps: ['checks|SUCCEEDED', 'lines|SUCCEEDED', 'sums|SUCCEEDED'],
  results: ['checks|1', 'lines|1'],
}

it('leaves the same rows, receipts, results and quarantine as once, and again when all of it comes after the end', async () => {
  const tenant = await setUp('acme')
  flow.setClock('2026-03-04T00:00:00Z')
  const run = await flow.settled(await tenant.start('load'))
  expect(run.warnings.map(({ code }) => code)).toEqual([
    'ROWS_REJECTED',
    'EXPECTATION_FAILED',
    'EXPECTATION_FAILED',
    'ROWS_QUARANTINED',
  ])
  expect(await traces(tenant)).toEqual(ONCE)
  const cursor = await tenant.cursor('load', 'lines')
  const { bucket, lanes, claimLeaseMs } = flow.embedded.settings
  const handlers = handlersOf(flow.ports, { bucket, lanes, leaseMs: claimLeaseMs })
  const again = sent.filter((one) => 'runId' in ('message' in one ? one.message : one.task)).toReversed()
  expect(again.length).toBeGreaterThan(20)
  for (const one of again) {
    const delivery = { attempt: 2, trace: 't' }
    if ('topic' in one) await handlers.topics[one.topic](one.message, delivery)
    else await handlers.queues[one.queue](one.task, delivery)
  }
  expect(await traces(tenant)).toEqual(ONCE)
  expect(await tenant.cursor('load', 'lines')).toEqual(cursor)
  expect(await flow.ended(run.run_id)).toEqual(run)
})

it('makes one run of an upload, and another of the next generation of the object', async () => {
  const tenant = await flow.tenant('drop')
  tenant.write(
    'sources/files.yml',
    'source_id: files\ntype: object_storage\nbucket: drop-drops\nfiles: { rows: { glob: "{{ parameters.object }}", format: csv } }\n',
  )
  tenant.pipeline(
    'load',
    ['step_id: rows, type: ingest, source: files.rows, load: { dataset: raw, table: files, strategy: append }'],
    'parameters: { object: { type: string } }\non_upload: { bucket: drop-drops, glob: "*.csv" }',
  )
  const upload = async (text: string) => {
    mkdirSync(join(flow.embedded.buckets, 'drop-drops'), { recursive: true })
    writeFileSync(join(flow.embedded.buckets, 'drop-drops/a.csv'), text)
    const object = await eventually(() => flow.ports.objects.head({ bucket: 'drop-drops', name: 'a.csv' }))
    const event = { version: 1, trace: 't', type: 'object.finalized', bucket: 'drop-drops', name: 'a.csv' } as const
    await flow.ports.bus.publish('uploads', { ...event, generation: object.generation, size: object.size })
  }
  const runs = (count: number) =>
    eventually(async () => {
      const found = (await flow.platform.listRuns({ tenant: 'drop', limit: 10 })).runs
      return found.length >= count && found.every(({ status }) => status === 'SUCCEEDED') ? found : undefined
    })
  await upload('id\n1\n')
  expect(await runs(1)).toMatchObject([{ cause: 'upload', parameters: { object: 'a.csv' } }])
  expect(await tenant.rows('SELECT id FROM raw.files')).toEqual(['1'])
  await upload('id\n2\n33\n')
  expect(await runs(2)).toHaveLength(2)
  expect(await tenant.rows('SELECT id FROM raw.files ORDER BY id')).toEqual(['1', '2', '33'])
})

it('makes one run of one Idempotency-Key, however often and at once it is asked for, and lists it once', async () => {
  const tenant = await flow.tenant('keys')
  tenant.schema('row', { id: 'INT64' })
  tenant.api({ rows: '' })
  tenant.pipeline('load', [
    'step_id: rows, type: ingest, source: api.rows, load: { dataset: raw, table: rows, schema: row, strategy: append }',
  ])
  tenant.serve('rows', () => [{ id: 1 }])
  // No two of them ask in one millisecond.
  let calls = 0
  const putBack = flow.override('clock', (real) => ({ nowMs: () => real.nowMs() + calls++ }))
  const ask = { tenant: 'keys', pipelineId: 'load', parameters: {}, idempotencyKey: 'k' }
  const asked = await Promise.all(Array.from({ length: 5 }, () => flow.platform.requestRun(ask)))
  putBack()
  const [runId = '', ...others] = new Set(asked.map((one) => one.runId))
  expect(others).toEqual([])
  await flow.ended(runId)
  expect((await flow.platform.requestRun(ask)).runId).toBe(runId)
  for (const pipelineId of [undefined, 'load']) {
    const { runs } = await flow.platform.listRuns({ tenant: 'keys', pipelineId, limit: 10 })
    expect(runs.map((run) => run.run_id)).toEqual([runId])
  }
  expect(await tenant.rows('SELECT id FROM raw.rows')).toEqual(['1'])
})

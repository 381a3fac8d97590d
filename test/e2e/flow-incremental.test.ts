import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { HOOK_MS, eventually, makeDoor, openFlow, type Flow, type FlowTenant, type Json } from './flow.ts'

/** Windows and cursors of a REST source that grows between the runs, and sends more than it was asked for. */
let flow: Flow
beforeAll(async () => void (flow = await openFlow()), HOOK_MS)
afterAll(() => flow.close(), HOOK_MS)

const at = (time: string): string => `2026-03-01T${time}Z`
const row = (id: number, time: string): Json => ({ id, at: at(time) })
const ROWS = 'SELECT id FROM raw.events ORDER BY id'

/** Pipeline `load` of `events` into `raw.events`. */
const events = async (
  id: string,
  options: { incremental: string; load?: string; schema?: Record<string, string>; head?: string; asks?: string },
): Promise<{ tenant: FlowTenant; source: Json[] }> => {
  const tenant = await flow.tenant(id)
  const source: Json[] = []
  tenant.serve('events', () => source)
  tenant.schema('events', options.schema ?? { id: 'INT64', at: 'TIMESTAMP' })
  const asks = options.asks ?? 'since: "{{ window.start }}", until: "{{ window.end }}"'
  tenant.api({ events: `params: { ${asks} }, incremental: { ${options.incremental} }` })
  tenant.pipeline('load', [step(options.load ?? 'strategy: append')], options.head)
  return { tenant, source }
}
const step = (load: string): string =>
  `step_id: events, type: ingest, source: api.events, load: { dataset: raw, table: events, schema: events, ${load} }`

describe('an incremental append by time', () => {
  it('neither repeats nor skips a row at a boundary while the source grows, whatever the source sends', async () => {
    const { tenant, source } = await events('grow', { incremental: 'cursor: at, initial: "2026-03-01T00:00:00Z"' })
    flow.setClock(at('10:00:00'))
    const first = await runUpTo(tenant, source, 1, (end) => [
      row(1, '00:00:00'),
      row(2, '09:00:00'),
      { id: 3, at: end },
      { id: 0, at: '2026-02-28T23:59:59.999Z' },
      row(4, '23:00:00'),
    ])
    expect(first.steps[0]?.rows).toEqual({ fetched: 5, accepted: 2, rejected: 0, filtered: 3, loaded: 2 })
    expect(await tenant.rows(ROWS)).toEqual(['1', '2'])
    flow.setClock(at('11:00:00'))
    const second = await runUpTo(tenant, source, 2, (end) => [row(5, '10:30:00'), { id: 6, at: end }])
    expect(await tenant.rows(ROWS)).toEqual(['1', '2', '3', '5'])
    flow.setClock(at('23:30:00'))
    const third = await runUpTo(tenant, source, 3, () => [])
    expect(await tenant.rows(ROWS)).toEqual(['1', '2', '3', '4', '5', '6'])
    expect(tenant.requests('events').map((query) => [query.get('since'), query.get('until')])).toEqual([
      [at('00:00:00').replace('Z', '.000Z'), first.logical_time],
      [first.logical_time, second.logical_time],
      [second.logical_time, third.logical_time],
    ])
    expect(third.receipts).toMatchObject([
      { balanced: true, rows: { fetched: 7, accepted: 2, filtered: 5, inserted: 2 } },
    ])
  })

  it('is green with nothing new, and moves the cursor', async () => {
    const { tenant, source } = await events('calm', { incremental: 'cursor: at, initial: "2026-03-01"' })
    flow.setClock(at('10:00:00'))
    source.push(row(1, '01:00:00'))
    await tenant.run('load')
    source.length = 0
    const quiet = await tenant.run('load')
    expect(quiet).toMatchObject({
      status: 'SUCCEEDED',
      receipts: [{ balanced: true, rows: { fetched: 0, inserted: 0 } }],
    })
    expect(await tenant.cursor('load', 'events')).toMatchObject({ value: quiet.logical_time, generation: 2 })
  })

  it('leaves the cursor where a run fails, and the next run loads the same rows once', async () => {
    const { tenant, source } = await events('fail', { incremental: 'cursor: at, initial: "2026-03-01"' })
    flow.setClock(at('10:00:00'))
    source.push(row(1, '01:00:00'))
    const good = await tenant.run('load')
    source.push(row(2, '10:30:00'), { id: 'no number', at: at('10:30:00') })
    flow.setClock(at('11:00:00'))
    expect(await tenant.run('load')).toMatchObject({ status: 'FAILED', error: { code: 'DATA_REJECTED' } })
    expect(await tenant.cursor('load', 'events')).toMatchObject({ value: good.logical_time, generation: 1 })
    tenant.serve('events', () => 500)
    expect(await tenant.run('load')).toMatchObject({ status: 'FAILED' })
    expect(await tenant.cursor('load', 'events')).toMatchObject({ value: good.logical_time, generation: 1 })
    source.pop()
    tenant.serve('events', () => source)
    flow.setClock(at('12:00:00'))
    const last = await tenant.run('load')
    expect(await tenant.rows(ROWS)).toEqual(['1', '2'])
    expect(await tenant.cursor('load', 'events')).toMatchObject({ value: last.logical_time, generation: 2 })
  })

  it('ends the window `lag` before the logical time: a row that commits late is loaded by the next run', async () => {
    const { tenant, source } = await events('late', { incremental: 'cursor: at, initial: "2026-03-01", lag: 5m' })
    flow.setClock(at('10:00:00'))
    source.push(row(1, '09:54:00'), row(2, '09:58:00'))
    const first = await tenant.run('load')
    const end = new Date(Date.parse(first.logical_time) - 300_000).toISOString()
    expect(await tenant.cursor('load', 'events')).toMatchObject({ value: end })
    expect(await tenant.rows(ROWS)).toEqual(['1'])
    source.push(row(3, '09:57:00'))
    flow.setClock(at('10:10:00'))
    await tenant.run('load')
    expect(await tenant.rows(ROWS)).toEqual(['1', '2', '3'])
  })

  it('cut into slots takes a row at an edge from one of them only, although the source sends it for both', async () => {
    const { tenant } = await events('slots', { incremental: 'cursor: at, initial: "2026-02-27", size: 1d' })
    const source = ['2026-02-27', '2026-02-28', '2026-03-01'].map((day, id) => ({ id, at: `${day}T00:00:00Z` }))
    // This API takes both ends for a part of the window.
    tenant.serve('events', (query) => {
      const [since, until] = [query.get('since') ?? '', query.get('until') ?? '']
      return source.filter((one) => Date.parse(one.at) >= Date.parse(since) && Date.parse(one.at) <= Date.parse(until))
    })
    flow.setClock(at('10:00:00'))
    const run = await tenant.run('load')
    expect(run.steps[0]?.rows).toEqual({ fetched: 5, accepted: 3, rejected: 0, filtered: 2, loaded: 3 })
    expect(await tenant.rows(ROWS)).toEqual(['0', '1', '2'])
  })

  it('needs no beginning: the first run takes everything up to its end', async () => {
    const { tenant, source } = await events('open', { incremental: 'cursor: at', asks: 'until: "{{ window.end }}"' })
    flow.setClock(at('10:00:00'))
    source.push({ id: 1, at: '1970-01-01T00:00:00Z' }, row(2, '09:00:00'))
    const first = await runUpTo(tenant, source, 1, (end) => [{ id: 3, at: end }])
    expect(first.steps[0]?.rows).toMatchObject({ fetched: 3, filtered: 1 })
    flow.setClock(at('11:00:00'))
    await tenant.run('load')
    expect(await tenant.rows(ROWS)).toEqual(['1', '2', '3'])
  })

  it('begins where it ended also with a time that is declared unique and has no beginning', async () => {
    const incremental = 'cursor: at, unique: true'
    const { tenant, source } = await events('once', { incremental, asks: 'all: 1' })
    flow.setClock(at('10:00:00'))
    source.push(row(1, '01:00:00'), row(2, '02:00:00'))
    await tenant.run('load')
    source.push(row(3, '03:00:00'), row(4, '10:00:30'))
    flow.setClock(at('11:00:00'))
    await tenant.run('load')
    await tenant.run('load')
    // 3 is earlier than where the first run ended: it came too late.
    expect(await tenant.rows(ROWS)).toEqual(['1', '2', '4'])
  })
})

/** Runs `load`; the source's rows are made when it is asked, with the window's end. */
const runUpTo = async (tenant: FlowTenant, source: Json[], nth: number, rows: (end: string) => Json[]) => {
  tenant.serve('events', (query) => {
    source.push(...rows(query.get('until') ?? ''))
    return source
  })
  const run = await tenant.run('load')
  expect(run).toMatchObject({ status: 'SUCCEEDED', warnings: [] })
  expect(await tenant.cursor('load', 'events')).toEqual({
    version: 1,
    source: 'api.events',
    column: 'at',
    table: 'raw.events',
    value: run.logical_time,
    generation: nth,
    heldBy: run.run_id,
  })
  return run
}

describe('other cursors', () => {
  it('reads `lookback` again and merges it', async () => {
    const { tenant, source } = await events('back', {
      incremental: 'cursor: at, initial: "2026-03-01", lookback: 1h',
      load: 'strategy: merge, keys: [id]',
    })
    flow.setClock(at('10:00:00'))
    source.push(row(1, '08:00:00'), row(2, '09:30:00'))
    await tenant.run('load')
    flow.setClock(at('10:30:00'))
    source.push(row(3, '09:40:00'), row(4, '08:50:00'))
    const second = await tenant.run('load')
    expect(second.receipts).toMatchObject([{ rows: { fetched: 4, filtered: 2, accepted: 2, inserted: 1, updated: 1 } }])
    expect(await tenant.rows(ROWS)).toEqual(['1', '2', '3'])
  })

  it('appends by a unique number up to the largest value that came, and goes on behind it', async () => {
    const { tenant, source } = await events('number', {
      incremental: 'cursor: id, unique: true, initial: "5"',
      schema: { id: 'INT64', name: 'STRING' },
      asks: 'since: "{{ window.start }}", behind: "{{ cursor }}"',
    })
    source.push({ id: 4, name: 'x' }, { id: 5, name: 'a' }, { id: 9, name: 'b' }, { id: 10, name: 'c' })
    await tenant.run('load')
    expect(await tenant.cursor('load', 'events')).toMatchObject({ value: '10', generation: 1 })
    await tenant.run('load')
    expect(await tenant.cursor('load', 'events')).toMatchObject({ value: '10', generation: 2 })
    source.push({ id: 11, name: 'd' })
    const third = await tenant.run('load')
    expect(third.receipts).toMatchObject([{ rows: { fetched: 5, filtered: 4, inserted: 1 } }])
    expect(await tenant.rows(ROWS)).toEqual(['5', '9', '10', '11'])
    expect(tenant.requests('events').map((query) => [query.get('since'), query.get('behind')])).toEqual([
      ['5', '5'],
      ['11', '10'],
      ['11', '10'],
    ])
  })

  it('merges by a number without a beginning', async () => {
    const { tenant, source } = await events('numbers', {
      incremental: 'cursor: id',
      load: 'strategy: merge, keys: [id]',
      schema: { id: 'INT64', name: 'STRING' },
      asks: 'all: 1',
    })
    source.push({ id: 1, name: 'a' }, { id: 2, name: 'b' })
    expect(await tenant.run('load')).toMatchObject({ status: 'SUCCEEDED' })
    expect(await tenant.cursor('load', 'events')).toMatchObject({ value: '2' })
    source.push({ id: 3, name: 'c' })
    expect(await tenant.run('load')).toMatchObject({ status: 'SUCCEEDED', receipts: [{ rows: { inserted: 1 } }] })
    expect(await tenant.rows(ROWS)).toEqual(['1', '2', '3'])
  })

  it('counts whole days of a DATE, in the time zone of the pipeline', async () => {
    const { tenant, source } = await events('days', {
      incremental: 'cursor: day, initial: "{{ parameters.since }}"',
      schema: { id: 'INT64', day: 'DATE' },
      head: 'timezone: Asia/Tokyo\nparameters: { since: { type: date, default: "2026-03-01" } }',
    })
    // In Tokyo it is the 3rd already.
    flow.setClock('2026-03-02T20:00:00Z')
    source.push({ id: 1, day: '2026-03-01' }, { id: 2, day: '2026-03-02' }, { id: 3, day: '2026-03-03' })
    await tenant.run('load')
    expect(await tenant.rows(ROWS)).toEqual(['1', '2'])
    await tenant.run('load')
    flow.setClock('2026-03-03T15:00:00Z')
    source.push({ id: 4, day: '2026-03-03' }, { id: 5, day: '2026-03-04' })
    await tenant.run('load')
    expect(await tenant.rows(ROWS)).toEqual(['1', '2', '3', '4'])
    expect(tenant.requests('events').map((query) => [query.get('since'), query.get('until')])).toEqual([
      ['2026-03-01', '2026-03-03'],
      ['2026-03-03', '2026-03-03'],
      ['2026-03-03', '2026-03-04'],
    ])
  })

  it('has nothing left to read in a run for an earlier time, which leaves the cursor where it is', async () => {
    const { tenant, source } = await events('early', { incremental: 'cursor: at, initial: "2026-03-01"' })
    flow.setClock(at('11:00:00'))
    source.push(row(1, '09:00:00'), row(2, '10:59:00'))
    const first = await tenant.run('load')
    flow.setClock(at('10:00:00'))
    expect(await tenant.run('load')).toMatchObject({
      status: 'SUCCEEDED',
      receipts: [{ rows: { filtered: 2, inserted: 0 } }],
    })
    expect(await tenant.cursor('load', 'events')).toMatchObject({ value: first.logical_time })
  })

  it('is none of the types that know no order, or no offset', async () => {
    const { tenant } = await events('types', { incremental: 'cursor: at', schema: { id: 'INT64', at: 'DATETIME' } })
    await expect(tenant.run('load')).rejects.toThrow(/is DATETIME: a cursor is a TIMESTAMP, a DATE or an INT64/)
  })
})

describe('whose cursor it is', () => {
  it.each([
    ['source', (tenant: FlowTenant) => renameSource(tenant)],
    ['column', (tenant: FlowTenant) => tenant.api({ events: 'incremental: { cursor: changed_at }' })],
    [
      'table',
      (tenant: FlowTenant) =>
        tenant.pipeline('load', [step('strategy: append').replace('table: events', 'table: other')]),
    ],
  ])('fails the plan when the config has another %s, and says what to do', async (what, change) => {
    const { tenant, source } = await events(`other${what}`, {
      incremental: 'cursor: at, initial: "2026-03-01"',
      schema: { id: 'INT64', at: 'TIMESTAMP', changed_at: 'TIMESTAMP' },
    })
    flow.setClock(at('10:00:00'))
    source.push(row(1, '01:00:00'))
    const first = await tenant.run('load')
    change(tenant)
    const second = await tenant.run('load')
    expect(second).toMatchObject({
      status: 'FAILED',
      error: {
        code: 'INVALID_CONFIG',
        message: expect.stringMatching(new RegExp(`counts ${what} .*give the step another step_id`)),
      },
    })
    expect(await tenant.cursor('load', 'events')).toMatchObject({ value: first.logical_time, generation: 1 })
    expect(await tenant.rows(ROWS)).toEqual(['1'])
  })

  it('makes a second run wait until the first has ended: both are right', async () => {
    const head = 'concurrency: 2'
    const { tenant, source } = await events('hold', { incremental: 'cursor: at, initial: "2026-03-01"', head })
    const door = makeDoor()
    flow.setClock(at('10:00:00'))
    source.push(row(1, '09:00:00'))
    tenant.serve('events', () => door.pass([...source]))
    const first = await tenant.start('load')
    await door.reached
    flow.setClock(at('11:00:00'))
    const second = await tenant.start('load')
    await eventually(async () =>
      (await flow.until(second, (run) => run.status === 'RUNNING')).steps[0]?.acknowledged === true ? true : undefined,
    )
    source.push(row(2, '10:30:00'))
    tenant.serve('events', () => source)
    expect(tenant.requests('events')).toHaveLength(1)
    expect(await tenant.cursor('load', 'events')).toMatchObject({ heldBy: first, generation: 0 })
    door.open()
    const runs = [await flow.ended(first), await flow.ended(second)]
    expect(runs.map(({ status, receipts }) => [status, receipts[0]?.rows.inserted])).toEqual([
      ['SUCCEEDED', 1],
      ['SUCCEEDED', 1],
    ])
    expect(await tenant.rows(ROWS)).toEqual(['1', '2'])
    expect(await tenant.cursor('load', 'events')).toMatchObject({ value: runs[1]?.logical_time, generation: 2 })
  })
})

const renameSource = (tenant: FlowTenant): void => {
  tenant.api({ events: 'incremental: { cursor: at }', others: 'incremental: { cursor: at }' })
  tenant.pipeline('load', [step('strategy: append').replace('api.events', 'api.others')])
}

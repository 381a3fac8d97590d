import { afterEach, describe, expect, it } from 'vitest'
import type { SlotPlan } from '../connector.ts'
import type { Respond, TestApi } from './testing.ts'
import { ids, lines, orders, readOne, readSlotLines, serveApi } from './testing.ts'

let api: TestApi
const start = async (respond: Respond): Promise<TestApi> => {
  api = await serveApi(respond)
  return api
}
afterEach(() => api.close())

const failsWith = (code: string, message: string | RegExp): unknown =>
  expect.objectContaining({
    code,
    message: typeof message === 'string' ? expect.stringContaining(message) : expect.stringMatching(message),
  })

const read = async (respond: Respond, resource: Record<string, unknown>, source: Record<string, unknown> = {}) => {
  await start(respond)
  return readSlotLines(api, api.context(orders(resource, source)))
}

describe('links', () => {
  it('end after 400 pages and go on where they ended, with positions that go on too', async () => {
    const respond: Respond = (request) => {
      const at = Number(request.url.searchParams.get('after') ?? 0)
      return { data: ids(at, at + 1), next: at < 849 ? at + 1 : null, total: 850 }
    }
    const resource = { pagination: { type: 'cursor', next: 'next', param: 'after', total: 'total' } }
    expect(await read(respond, resource)).toMatchObject({ lines: lines(850), links: 3, requests: 850 })
    const context = api.context(orders(resource))
    const first = await readOne(await api.connector.read(context, {}))
    expect((await api.connector.read(context, {}, first.end.continuation)).input).toMatchObject({
      firstRow: 401,
      origin: 'shop.orders',
    })
  })

  it('end when they have taken long', async () => {
    let nowMs = 0
    await start((_, __, nth) => {
      nowMs += 61_000
      return { data: ids(nth - 1, nth), next: nth < 3 ? String(nth) : null }
    })
    const clock = { nowMs: () => nowMs }
    const context = api.context(orders({ pagination: { type: 'cursor', next: 'next', param: 'after' } }), { clock })
    expect(await readSlotLines(api, context)).toMatchObject({ lines: lines(3), links: 3 })
  })

  it('ask for the next page while the one before is consumed, and for no more', async () => {
    await start((_, __, nth) => ({ data: ids(nth, nth + 1), next: `${nth}` }))
    const { input } = await api.connector.read(
      api.context(orders({ pagination: { type: 'cursor', next: 'next', param: 'after' } })),
      {},
    )
    expect(api.seen).toHaveLength(1)
    for await (const _ of input.body) break
    await expect.poll(() => api.seen.length).toBe(2)
  })

  it('say which keys no column wants, and inherit', async () => {
    await start(() => ({
      currency: 'EUR',
      data: [
        { day: 5, results: [{ id: 1, extra: 2 }] },
        { results: [{ id: '', more: 1 }], day: 6 },
      ],
    }))
    const inherit = { day: { path: 'data[*].day', type: 'unix_date' }, currency: { path: 'currency' } }
    const context = api.context(orders({ records: 'data[*].results[*]', inherit }), {
      columns: ['day', 'id', 'currency'],
    })
    expect(await readSlotLines(api, context)).toMatchObject({
      lines: ['5,1,EUR', '6,"",EUR'],
      unknown: ['extra', 'more'],
    })
    expect(api.connector.columns?.(context)).toEqual([
      { name: 'day', type: 'DATE' },
      { name: 'currency', type: undefined },
    ])
  })
})

describe('requests', () => {
  it('carry parameters, headers and body with their templates rendered', async () => {
    await start(() => ({ data: [] }))
    const context = api.context(
      orders(
        {
          method: 'POST',
          path: '/orders/{{ parameters.usage_date }}',
          params: { group_by: ['a', 'b'], start: '{{ window.start | unix }}', limit: 5, flag: true },
          headers: { 'X-Run': '{{ run.id }}' },
          body: { form: { day: '{{ window.end }}', n: 1 } },
        },
        { params: { limit: 1, key: '{{ secrets.shop_key }}' }, headers: { 'X-Run': 'other', 'X-All': 'yes' } },
      ),
    )
    await readSlotLines(api, context, { window: { start: '2026-01-30', end: '2026-01-31' } })
    const request = api.seen[0]
    expect(request?.url.pathname).toBe('/v1/orders/2026-01-31')
    expect(request?.url.search).toBe('?limit=5&key=s3cret&group_by=a&group_by=b&start=1769731200&flag=true')
    expect(request?.headers).toMatchObject({
      'x-run': 'r1',
      'x-all': 'yes',
      'content-type': 'application/x-www-form-urlencoded',
    })
    expect(request?.body).toBe('day=2026-01-31&n=1')
  })

  it.each([
    [{ type: 'bearer', token: { secret: 'shop_key' } }, { authorization: 'Bearer s3cret' }, ''],
    [
      { type: 'basic', username: 'me', password: { secret: 'shop_key' } },
      { authorization: `Basic ${btoa('me:s3cret')}` },
      '',
    ],
    [{ type: 'api_key', in: 'header', name: 'X-Key', value: { secret: 'shop_key' } }, { 'x-key': 's3cret' }, ''],
    [{ type: 'api_key', in: 'query', name: 'key', value: { secret: 'shop_key' } }, {}, '?key=s3cret'],
  ])('are let in with %o', async (auth, headers, search) => {
    await read(() => ({ data: [] }), {}, { auth })
    expect(api.seen[0]?.headers).toMatchObject(headers)
    expect(api.seen[0]?.url.search).toBe(search)
  })

  it('need their secret', async () => {
    await expect(read(() => ({}), {}, { auth: { type: 'bearer', token: { secret: 'other' } } })).rejects.toThrow(
      'no secret other',
    )
  })
})

describe('plans', () => {
  const planned = async (
    resource: Record<string, unknown>,
    scope: Record<string, unknown> = {},
  ): Promise<SlotPlan[]> => {
    await start(() => ({ data: [] }))
    const context = api.context(orders(resource))
    const { slots, concurrency } = await api.connector.plan({ ...context, scope: { ...context.scope, ...scope } })
    expect(concurrency).toBe(4)
    return Array.fromAsync(slots)
  }

  it('have one slot without windows', async () => {
    expect(await planned({})).toEqual([{ label: 'orders', slot: {} }])
  })

  it('have one slot a window, of days', async () => {
    const windows = { from: '{{ parameters.usage_date | minus: 3d }}', to: '{{ parameters.usage_date }}', size: '2d' }
    expect(await planned({ windows })).toEqual([
      { label: 'orders 2026-01-28/2026-01-30', slot: { window: { start: '2026-01-28', end: '2026-01-30' } } },
      { label: 'orders 2026-01-30/2026-01-31', slot: { window: { start: '2026-01-30', end: '2026-01-31' } } },
    ])
  })

  it('have windows of hours on the wall clock of the pipeline', async () => {
    const windows = { from: '{{ parameters.usage_date }}', to: '{{ parameters.usage_date | plus: 1d }}', size: '12h' }
    expect((await planned({ windows }, { timezone: 'Europe/Berlin' })).map(({ slot }) => slot)).toEqual([
      { window: { start: '2026-01-30T23:00:00.000Z', end: '2026-01-31T11:00:00.000Z' } },
      { window: { start: '2026-01-31T11:00:00.000Z', end: '2026-01-31T23:00:00.000Z' } },
    ])
  })

  it('cut the window of an incremental step, or leave it whole', async () => {
    const window = { start: '2026-01-01T00:00:00Z', end: '2026-01-02T12:00:00Z' }
    expect(await planned({ incremental: { cursor: 'updated_at', size: '1d' } }, { window })).toHaveLength(2)
    await api.close()
    expect((await planned({ incremental: { cursor: 'updated_at' } }, { window })).map(({ slot }) => slot)).toEqual([
      { window },
    ])
    await api.close()
    expect(
      (await planned({ incremental: { cursor: 'updated_at', size: '1d' } }, { window: { end: window.end } })).map(
        ({ slot }) => slot,
      ),
    ).toEqual([{ window: { end: window.end } }])
  })

  it('refuse windows that end before they begin, and are empty when they have no length', async () => {
    await expect(planned({ windows: { from: '2026-01-02', to: '2026-01-01', size: '1d' } })).rejects.toThrow(
      failsWith('INVALID_CONFIG', 'before they begin'),
    )
    await api.close()
    expect(await planned({ windows: { from: '2026-01-02', to: '2026-01-02', size: '1d' } })).toEqual([])
  })
})

it('a sample has the columns of all its records, inherited ones first', async () => {
  await start((_, __, nth) => ({
    day: '2026-01-31',
    data: nth === 1 ? [] : [{ id: nth, [`k${nth}`]: null }],
    next: nth < 4 ? `${nth}` : null,
  }))
  const inherit = { day: { path: 'day' } }
  const context = api.context(orders({ inherit, pagination: { type: 'cursor', next: 'next', param: 'c' } }), {
    columns: undefined,
  })
  const sample = await api.connector.sample(context, {})
  expect(sample.input.format).toMatchObject({ columns: ['day', 'id', 'k2', 'k3', 'k4'] })
  expect((await readOne(sample)).lines).toEqual(['"2026-01-31","2",,,', '"2026-01-31","3",,,', '"2026-01-31","4",,,'])
})

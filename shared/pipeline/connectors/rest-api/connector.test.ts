import { afterEach, describe, expect, it } from 'vitest'
import { ForbiddenError } from '@convergence/core/errors.ts'
import type { SlotPlan } from '../connector.ts'
import type { Respond, TestApi } from './test-server.ts'
import { readOne, readSlotLines, serveApi } from './test-server.ts'

let api: TestApi
const start = async (respond: Respond): Promise<TestApi> => {
  api = await serveApi(respond)
  return api
}
afterEach(() => api.close())

const ids = (from: number, to: number) => Array.from({ length: Math.max(0, to - from) }, (_, i) => ({ id: from + i }))
const lines = (count: number) => Array.from({ length: count }, (_, i) => String(i))
const orders = (resource: Record<string, unknown>, source: Record<string, unknown> = {}) => ({
  ...source,
  resources: { orders: { path: '/orders', records: 'data[*]', ...resource } },
})
const read = async (respond: Respond, resource: Record<string, unknown>, source: Record<string, unknown> = {}) => {
  await start(respond)
  return readSlotLines(api, api.context(orders(resource, source)))
}
const failsWith = (code: string, message: string | RegExp) =>
  expect.objectContaining({
    code,
    message: typeof message === 'string' ? expect.stringContaining(message) : expect.stringMatching(message),
  })

/** 25 records, 10 a page, by a number in the query. */
const slices =
  (param: string, size: number, total = 25) =>
  (request: { url: URL }) => {
    const from = Number(request.url.searchParams.get(param) ?? 0) * size
    return ids(from, Math.min(from + size, total))
  }

describe('pagination', () => {
  it('none reads one page', async () => {
    const result = await read(() => ({ data: ids(0, 3), next: 'x' }), {})
    expect(result).toEqual({ lines: lines(3), links: 1, requests: 1, unknown: [] })
  })

  it.each(['query', 'header', 'body'] as const)('cursor, sent in the %s', async (where) => {
    const cursorOf = (request: TestApi['seen'][number]) =>
      where === 'query'
        ? request.url.searchParams.get('after')
        : where === 'header'
          ? request.headers['after']
          : (JSON.parse(request.body || '{}') as { after?: string }).after
    const result = await read(
      (request) => {
        const page = Number(cursorOf(request) ?? 0)
        return {
          data: ids(page * 10, Math.min(page * 10 + 10, 25)),
          meta: { next: page < 2 ? String(page + 1) : null },
        }
      },
      {
        method: where === 'body' ? 'POST' : 'GET',
        pagination: { type: 'cursor', next: 'meta.next', param: 'after', in: where },
      },
    )
    expect(result).toMatchObject({ lines: lines(25), requests: 3 })
  })

  it('cursor from a header, from the last record, and inside a body', async () => {
    const respond: Respond = (request, response) => {
      const body =
        request.body === ''
          ? undefined
          : (JSON.parse(request.body) as { query: string; variables: { first: number; after?: string } })
      const from = Number(request.url.searchParams.get('after') ?? body?.variables.after ?? -1) + 1
      if (from < 20) response.setHeader('X-Next', String(from + 9))
      return { data: ids(from, Math.min(from + 10, 25)), has_more: from < 20, end: from < 20 ? String(from + 9) : '' }
    }
    const first = await read(respond, { pagination: { type: 'cursor', next_header: 'X-Next', param: 'after' } })
    expect(first.lines).toEqual(lines(25))
    await api.close()
    const second = await read(respond, {
      pagination: { type: 'cursor', next: 'data[-1].id', param: 'after', has_more: 'has_more' },
    })
    expect(second.lines).toEqual(lines(25))
    await api.close()
    const body = { json: { query: 'q', variables: { first: 10 } } }
    const third = await read(respond, {
      method: 'POST',
      body,
      pagination: { type: 'cursor', next: 'end', param: 'variables.after', in: 'body' },
    })
    expect(third.lines).toEqual(lines(25))
    expect(JSON.parse(api.seen[1]?.body ?? '')).toEqual({ query: 'q', variables: { first: 10, after: '9' } })
  })

  it('a cursor of many digits comes back as it was', async () => {
    const { requests } = await read(
      (_, response, nth) =>
        response.end(`{"data":[{"id":${nth}}],"next":${nth === 1 ? '12345678901234567890' : 'null'}}`),
      {
        pagination: { type: 'cursor', next: 'next', param: 'after' },
      },
    )
    expect(requests).toBe(2)
    expect(api.seen[1]?.url.searchParams.get('after')).toBe('12345678901234567890')
  })

  it('offset, to a shorter page or to the declared total', async () => {
    const respond: Respond = (request) => {
      const from = Number(request.url.searchParams.get('offset'))
      const limit = Number(request.url.searchParams.get('limit'))
      return { data: ids(from, Math.min(from + Math.min(limit, 7), 25)), total: 25 }
    }
    expect(await read(respond, { pagination: { type: 'offset', limit: 7 } })).toMatchObject({
      lines: lines(25),
      requests: 4,
    })
    await api.close()
    // The server gives at most 7 a page, whatever it is asked for: only the total tells that there is more.
    expect(await read(respond, { pagination: { type: 'offset', limit: 100, total: 'total' } })).toMatchObject({
      lines: lines(25),
      requests: 4,
    })
  })

  it('page, to an empty page, a shorter page, or the last of the declared ones', async () => {
    const fromZero = slices('page', 10)
    const empty = await read((request) => ({ data: fromZero(request) }), { pagination: { type: 'page', first: 0 } })
    expect(empty).toMatchObject({ lines: lines(25), requests: 4 })
    await api.close()
    const shorter = await read((request) => ({ data: fromZero(request) }), {
      pagination: { type: 'page', first: 0, size_param: 'per_page', size: 10 },
    })
    expect(shorter).toMatchObject({ lines: lines(25), requests: 3 })
    expect(api.seen[0]?.url.search).toBe('?page=0&per_page=10')
    await api.close()
    const counted = await read((request) => ({ data: fromZero(request), pages: 3 }), {
      pagination: { type: 'page', first: 0, total_pages: 'pages' },
    })
    expect(counted).toMatchObject({ lines: lines(25), requests: 3 })
  })

  it('next_url and link_header, relative or absolute, with the credentials', async () => {
    const token = { auth: { type: 'bearer', token: { secret: 'shop_key' } } }
    const next = (request: TestApi['seen'][number]) => {
      const page = Number(request.url.searchParams.get('p') ?? 0)
      return page < 2 ? `/v1/orders?p=${page + 1}` : undefined
    }
    const pages = slices('p', 10)
    const byUrl = await read(
      (request) => ({ data: pages(request), links: { next: next(request) && `${api.url}${next(request)}` } }),
      { params: { size: 10 }, pagination: { type: 'next_url', next: 'links.next' } },
      token,
    )
    expect(byUrl.lines).toEqual(lines(25))
    await api.close()
    const byLink = await read(
      (request, response) => {
        const target = next(request)
        if (target)
          response.setHeader(
            'Link',
            `<${api.url}/v1/orders?p=0>; rel="first", <${target}>; rel="next last"; title="a, b"`,
          )
        return { data: pages(request) }
      },
      { pagination: { type: 'link_header' } },
      token,
    )
    expect(byLink.lines).toEqual(lines(25))
    expect(api.seen.map((request) => request.headers.authorization)).toEqual(Array(3).fill('Bearer s3cret'))
  })

  it('never sends credentials to another origin that a page names', async () => {
    await expect(
      read(() => ({ data: ids(0, 1), next: 'https://elsewhere.example/' }), {
        pagination: { type: 'next_url', next: 'next' },
      }),
    ).rejects.toThrow(failsWith('FORBIDDEN', 'the next page of orders is on another origin, https://elsewhere.example'))
  })

  it.each([
    ['the same', ['a']],
    ['a circle', ['a', 'b', 'c']],
  ])('a cursor that comes back ends in an error: %s', async (_, cursors) => {
    await expect(
      read((__, ___, nth) => ({ data: ids(nth, nth + 1), next: cursors[(nth - 1) % cursors.length] }), {
        pagination: { type: 'cursor', next: 'next', param: 'after' },
      }),
    ).rejects.toThrow(
      failsWith('DATA_REJECTED', /the list goes in a circle: after \d pages the cursor "[abc]" came again/),
    )
    expect(api.seen.length).toBeLessThan(10)
  })

  it('a parameter that the server does not know, and a list without end, end in an error', async () => {
    await expect(
      read(() => ({ data: ids(0, 10) }), { pagination: { type: 'offset', param: 'skip', limit: 10 } }),
    ).rejects.toThrow(failsWith('DATA_REJECTED', 'the last 10 pages were the same'))
    await api.close()
    await expect(
      read((_, __, nth) => ({ data: ids(nth, nth + 1) }), { pagination: { type: 'page', max_pages: 5 } }),
    ).rejects.toThrow(failsWith('DATA_REJECTED', 'page 5: the list has more than 5 pages'))
  })

  it('fewer records than the declared total fail, and both numbers are named', async () => {
    const cut: Respond = (request) => ({ data: ids(Number(request.url.searchParams.get('offset')), 7), total: 10 })
    await expect(read(cut, { pagination: { type: 'offset', limit: 100, total: 'total' } })).rejects.toThrow(
      failsWith('DATA_REJECTED', 'the source declared 10 records and gave 7: its list ended early, after 2 pages'),
    )
    await api.close()
    await expect(
      read((_, __, nth) => ({ data: ids(nth, nth + 2), next: nth < 2 ? 'b' : null, total: 5 }), {
        pagination: { type: 'cursor', next: 'next', param: 'c', total: 'total' },
      }),
    ).rejects.toThrow(
      failsWith('DATA_REJECTED', 'the source declared 5 records and gave 4: its list ended early, after 2 pages'),
    )
  })

  it('a source that says there is more and gives no cursor fails', async () => {
    await expect(
      read(() => ({ data: ids(0, 2), next: null, has_more: true }), {
        pagination: { type: 'cursor', next: 'next', param: 'c', has_more: 'has_more' },
      }),
    ).rejects.toThrow(failsWith('DATA_REJECTED', 'says that there is more (has_more), and gives no cursor at next'))
  })

  it('no content is no records', async () => {
    const result = await read((_, response) => response.writeHead(204).end(), {
      pagination: { type: 'cursor', next: 'next', param: 'c' },
    })
    expect(result).toMatchObject({ lines: [], requests: 1 })
  })
})

describe('links', () => {
  it('end after 200 pages and go on where they ended, with positions that go on too', async () => {
    const respond: Respond = (request) => {
      const at = Number(request.url.searchParams.get('after') ?? 0)
      return { data: ids(at, at + 1), next: at < 449 ? at + 1 : null, total: 450 }
    }
    const resource = { pagination: { type: 'cursor', next: 'next', param: 'after', total: 'total' } }
    expect(await read(respond, resource)).toMatchObject({ lines: lines(450), links: 3, requests: 450 })
    const context = api.context(orders(resource))
    const first = await readOne(await api.connector.read(context, {}))
    expect((await api.connector.read(context, {}, first.end.continuation)).input).toMatchObject({
      firstRow: 201,
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
      lines: ['5,1,"EUR"', '6,"","EUR"'],
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

describe('faults', () => {
  const retry = { retry: { max_attempts: 4, max_delay: '10s' } }

  it('that pass are tried again, with longer and longer waits', async () => {
    const result = await read(
      (_, response, nth) => (nth < 4 ? response.writeHead(500 + (nth % 3)).end('no') : { data: ids(0, 1) }),
      {},
      { retry: { ...retry.retry, statuses: [500, 501, 502] } },
    )
    expect(result).toMatchObject({ lines: ['0'], requests: 4 })
    expect(api.sleeps).toEqual([500, 1000, 2000])
    expect(api.warnings).toHaveLength(3)
  })

  it('wait as long as the server asks', async () => {
    const asks = [
      { 'retry-after': '7' },
      { 'retry-after': new Date(Date.UTC(2026, 0, 31, 0, 0, 12)).toUTCString() },
      { 'x-ratelimit-reset': '3' },
    ]
    const result = await read(
      (_, response, nth) => (nth <= 3 ? response.writeHead(429, asks[nth - 1]).end() : { data: ids(0, 1) }),
      {},
      retry,
    )
    expect(result.lines).toEqual(['0'])
    expect(api.sleeps).toEqual([7000, 5000, 3000])
  })

  it('are told from a limit that is reached: its reset matters only then', async () => {
    const reset = { 'x-ratelimit-reset': String(Date.UTC(2026, 0, 31) / 1000 + 8) }
    const answers: [number, Record<string, string>][] = [
      [500, { ...reset, 'x-ratelimit-remaining': '10' }],
      [403, { ...reset, 'x-ratelimit-remaining': '0' }],
    ]
    const respond: Respond = (_, response, nth) => {
      const answer = answers[nth - 1]
      return answer ? response.writeHead(...answer).end() : { data: ids(0, 1) }
    }
    expect((await read(respond, {}, retry)).lines).toEqual(['0'])
    expect(api.sleeps).toEqual([500, 7500])
  })

  it('with a wait beyond max_delay give the chunk back, with the time', async () => {
    await expect(
      read((_, response) => response.writeHead(429, { 'retry-after': '120' }).end(), {}, retry),
    ).rejects.toMatchObject({ code: 'UNAVAILABLE', retryAfterMs: 120_000 })
    expect(api.seen).toHaveLength(1)
  })

  it('that stay fail in the end, and can be tried again later', async () => {
    await expect(read((_, response) => response.writeHead(503).end(), {}, retry)).rejects.toThrow(
      failsWith('UNAVAILABLE', /^GET http:\/\/127.0.0.1:\d+\/v1\/orders answered 503$/),
    )
    expect(api.seen).toHaveLength(4)
  })

  it('of the connection are tried again', async () => {
    const result = await read(
      (_, response, nth) => (nth === 1 ? void response.destroy() : { data: ids(0, 1) }),
      {},
      retry,
    )
    expect(result).toMatchObject({ lines: ['0'], requests: 2 })
  })

  it.each([
    [401, 'UNAUTHENTICATED', 'the key is not accepted; check configs/acme/secrets/shop_key.txt'],
    [403, 'FORBIDDEN', 'check configs/acme/secrets/shop_key.txt and what it is allowed to read'],
    [404, 'NOT_FOUND', 'there is nothing at /v1/orders; check `base_url` and `path` of shop.orders'],
    [400, 'INVALID_INPUT', 'answered 400: "bad key …"'],
  ])('%i is terminal', async (status, code, message) => {
    const respond: Respond = (_, response) => response.writeHead(status).end('bad key s3cret')
    const failure = await read(respond, {}, { auth: { type: 'bearer', token: { secret: 'shop_key' } } }).catch(
      (error: unknown) => error,
    )
    expect(failure).toMatchObject({ code, retryable: false, message: expect.stringContaining(message) })
    expect(String(failure)).not.toContain('s3cret')
    expect(api.seen).toHaveLength(1)
  })

  it.each([
    ['<html>Sign in</html>', 'page 1: HTML or XML came instead of JSON: "<html>Sign in</html>"'],
    ['{"data":[{"id":1},{"i', 'page 1: the JSON text ends early, at byte 21'],
    ['{"error":"quota"}', 'page 1: there is nothing at data (records: $.data[*])'],
    ['{"data":[1]}', 'page 1: record 1 at byte 9 is not an object'],
  ])('in the text of an answer are terminal: %s', async (body, message) => {
    await expect(read((_, response) => response.end(body), {})).rejects.toThrow(failsWith('DATA_REJECTED', message))
  })

  it('of the guard come through', async () => {
    await start(() => ({}))
    const http = { request: () => Promise.reject(new ForbiddenError('connections to 169.254.169.254 are not allowed')) }
    await expect(readSlotLines(api, api.context(orders({}), { http }))).rejects.toThrow(
      failsWith('FORBIDDEN', '169.254.169.254'),
    )
  })
})

describe('limits', () => {
  it('hold a minute back when its requests are used up', async () => {
    const result = await read(
      (_, __, nth) => ({ data: ids(nth - 1, nth), next: nth < 7 ? `${nth}` : null }),
      { pagination: { type: 'cursor', next: 'next', param: 'c' } },
      { limits: { requests_per_minute: 3 } },
    )
    expect(result.lines).toEqual(lines(7))
    expect(api.sleeps).toEqual([60_000, 60_000])
  })

  it('wait for the reset when the source says that nothing is left', async () => {
    await read(
      (_, response, nth) => {
        response.setHeader('RateLimit', `"default";r=${2 - nth};t=20`)
        return { data: ids(0, 1), next: nth < 3 ? `${nth}` : null }
      },
      { pagination: { type: 'cursor', next: 'next', param: 'c' } },
    )
    expect(api.sleeps).toEqual([20_000])
  })

  it('keep slots that are read together within the concurrency of the source', async () => {
    let open = 0
    let most = 0
    await start((_, response) => {
      most = Math.max(most, ++open)
      // Long enough for others to arrive, if they were let through.
      setTimeout(() => {
        open--
        response.end('{"data":[]}')
      }, 10)
    })
    const context = api.context(orders({}, { limits: { concurrency: 2 } }))
    await Promise.all(Array.from({ length: 10 }, () => readSlotLines(api, context)))
    expect(api.seen).toHaveLength(10)
    expect(most).toBe(2)
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

import { afterEach, describe, expect, it } from 'vitest'
import type { Respond, TestApi } from './testing.ts'
import { ids, lines, orders, readSlotLines, serveApi } from './testing.ts'

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

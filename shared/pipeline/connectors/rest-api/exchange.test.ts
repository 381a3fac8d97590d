import { afterEach, describe, expect, it } from 'vitest'
import { ForbiddenError } from '@convergence/core/errors.ts'
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
      failsWith('UNAVAILABLE', /^GET http:\/\/127.0.0.1:\d+\/v1\/orders answered 503, 4 times in a row$/),
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

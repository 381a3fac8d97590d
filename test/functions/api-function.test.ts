import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startFramework, type Framework } from './framework.ts'

let api: Framework
beforeAll(async () => {
  api = await startFramework(fileURLToPath(new URL('fixture-api.ts', import.meta.url)), 'api', {
    CONVERGENCE_API_KEY_PEPPER: 'a pepper of a test',
    CONVERGENCE_ADMIN_KEY: 'an admin key of a test',
  })
})
afterAll(() => api.stop())

/** On a connection of its own: the API ends one whose body it does not want to read. */
const post = (body: string | Buffer, headers: Record<string, string> = {}) =>
  new Promise<{ status?: number | undefined; type?: string | undefined; text: string }>((resolve, reject) => {
    const sent = request(`${api.url}/api/v1/admin/tenants`, {
      method: 'POST',
      agent: false,
      headers: { 'content-type': 'application/json', 'x-admin-key': 'an admin key of a test', ...headers },
    })
    sent.once('response', (answer) => {
      const { statusCode: status, headers: said } = answer
      text(answer).then((read) => resolve({ status, type: said['content-type'], text: read }), reject)
    })
    sent.on('error', reject)
    sent.end(body)
  })

test('the API answers behind the framework', async () => {
  const answer = await fetch(`${api.url}/health`)
  expect([answer.status, await answer.json()]).toEqual([200, { status: 'ok', version: '0.1.0' }])
})

test.each<[string, number, string | Buffer, Record<string, string>]>([
  ['broken JSON', 400, '{"a":', {}],
  ['a body that is too large', 413, Buffer.alloc(2_000_000, ' '), {}],
  ['text', 415, 'hello', { 'content-type': 'text/plain' }],
])('%s is refused by a problem document', async (_what, status, body, headers) => {
  const answer = await post(body, headers)
  expect([answer.status, answer.type]).toEqual([status, 'application/problem+json'])
  expect(answer.text).not.toMatch(/<html|at .*:\d+:\d+/)
})

test('a compressed body is never inflated', async () => {
  const answer = await post(gzipSync(Buffer.alloc(50_000_000)), { 'content-encoding': 'gzip' })
  expect(answer.status).toBe(400)
})

test.each(['/%ff', '/favicon.ico', '/robots.txt', '/nothing'])('%s is answered by a problem document', async (path) => {
  const answer = await fetch(api.url + path)
  expect(answer.status).toBe(404)
  expect(answer.headers.get('content-type')).toMatch('application/problem+json')
})

import { createHmac } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, it, test } from 'vitest'
import { startFramework, type Framework } from './framework.ts'
import { AUDIENCE, CALLER, newKeys, startTokenIssuer, type TokenIssuer } from './token-issuer.ts'

const SOURCE = fileURLToPath(new URL('fixture-work.ts', import.meta.url))

let issuer: TokenIssuer
let work: Framework
const environment = (): Record<string, string> => ({
  CONVERGENCE_PROJECT: 'p1',
  CONVERGENCE_AUDIENCES: AUDIENCE,
  CONVERGENCE_CALLERS: CALLER,
  CONVERGENCE_TOKEN_ISSUERS: issuer.issuer,
})

beforeAll(async () => {
  issuer = await startTokenIssuer()
  work = await startFramework(SOURCE, 'work', environment())
})
beforeEach(() => void work.told())
afterAll(async () => {
  await work.stop()
  issuer.stop()
})

const trace = '0af7651916cd43dd8448eb211c80319c'
const command = (runId = 'r1') => ({ version: 1, trace, type: 'step.run', runId, stepId: 's' })
const push = (payload: unknown, more: object = {}): string =>
  JSON.stringify({
    message: { data: Buffer.from(JSON.stringify(payload)).toString('base64'), messageId: 'm1', attributes: {} },
    subscription: 'projects/p1/subscriptions/ingest',
    ...more,
  })

const post = (
  path: string,
  body: string | Buffer,
  headers: Record<string, string> = {},
  token: string | undefined = issuer.token(),
): Promise<Response> =>
  fetch(work.url + path, {
    method: 'POST',
    body,
    headers: {
      'content-type': 'application/json',
      ...(token !== '' && { authorization: `Bearer ${token}` }),
      ...headers,
    },
  })

test('a push with a good token reaches its handler, with its attempt and trace', async () => {
  const answer = await post('/topics/ingest', push(command(), { deliveryAttempt: 3 }))
  expect([answer.status, await answer.text()]).toEqual([204, ''])
  expect(work.told()).toEqual([{ handler: 'ingest', payload: command(), delivery: { attempt: 3, trace } }])
})

test('a line of the log is tied to its trace, and labelled with function, tenant and run', async () => {
  await post('/topics/ingest', push(command()))
  expect(work.lines().findLast((line) => line['message'] === 'at work')).toMatchObject({
    severity: 'INFO',
    'logging.googleapis.com/trace': `projects/p1/traces/${trace}`,
    'logging.googleapis.com/labels': { function: 'work', tenant: 'acme', run: 'r1' },
  })
})

test('a task reaches its handler; its attempt counts from its retries', async () => {
  const chunk = { version: 1, trace, type: 'chunk', runId: 'r1', stepId: 's', chunk: 2, link: 0 }
  const answer = await post('/queues/chunks', JSON.stringify(chunk), { 'x-cloudtasks-taskretrycount': '4' })
  expect(answer.status).toBe(204)
  expect(work.told()).toEqual([{ handler: 'chunks', payload: chunk, delivery: { attempt: 5, trace } }])
})

test('the tick of a schedule needs no body', async () => {
  expect((await post('/tick', '')).status).toBe(204)
  expect(work.told()).toEqual([{ tick: true }])
})

describe('is not let in:', () => {
  const now = Math.floor(Date.now() / 1000)
  const hmac = (): string => {
    const [head, body] = issuer.token({}, { alg: 'HS256' }).split('.')
    return `${head}.${body}.${createHmac('sha256', 'public key').update(`${head}.${body}`).digest('base64url')}`
  }
  it.each<[string, number, () => string]>([
    ['no token', 401, () => ''],
    ['what is no token', 401, () => 'abc'],
    ['a token that another key signed', 401, () => issuer.token({}, {}, newKeys().privateKey)],
    ['a token of an unknown key', 401, () => issuer.token({}, { kid: 'k9' })],
    ['a token without a signature', 401, () => issuer.token({}, { alg: 'none' }).replace(/[^.]*$/, '')],
    ['a token that is signed by a shared secret', 401, hmac],
    ['an expired token', 401, () => issuer.token({ exp: now - 120 })],
    ['a token from the future', 401, () => issuer.token({ iat: now + 600 })],
    ['a token for another audience', 401, () => issuer.token({ aud: 'https://other.example' })],
    ['a token for several audiences', 401, () => issuer.token({ aud: [AUDIENCE] })],
    ['a token of another issuer', 401, () => issuer.token({ iss: 'https://accounts.example' })],
    ['a token whose e-mail is not verified', 401, () => issuer.token({ email_verified: false })],
    ['a token of another account', 403, () => issuer.token({ email: 'other@project.iam.gserviceaccount.com' })],
    ['a token whose claims were changed', 401, () => changed(issuer.token({ email: 'other@x' }), issuer.token())],
  ])('%s', async (_what, status, token) => {
    const answer = await post('/topics/ingest', push(command()), {}, token())
    expect(answer.status).toBe(status)
    expect(answer.headers.get('content-type')).toMatch('text/plain')
    expect(work.told()).toEqual([])
  })

  /** The signature of one token under the claims of another. */
  const changed = (signed: string, claims: string): string =>
    [...claims.split('.').slice(0, 2), signed.split('.')[2]].join('.')
})

test('keys are asked for once, not for every token', () => {
  expect(issuer.asked()).toBe(1)
})

describe('is acknowledged and logged, and reaches no handler:', () => {
  it.each<[string, string, string | Buffer, Record<string, string>]>([
    ['broken JSON', '/topics/ingest', '{"message":', {}],
    ['text', '/topics/ingest', 'hello', { 'content-type': 'text/plain' }],
    ['a form', '/topics/ingest', 'a[b]=c', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['nothing', '/topics/ingest', '', {}],
    ['a push without a message', '/topics/ingest', '{}', {}],
    ['a message that is no command', '/topics/ingest', push({ version: 1, trace, type: 'step.dance' }), {}],
    ['a command with a field too many', '/topics/ingest', push({ ...command(), more: 1 }), {}],
    ['data that is no JSON', '/topics/ingest', '{"message":{"data":"////","messageId":"m"}}', {}],
    ['a compressed body', '/topics/ingest', gzipSync(Buffer.alloc(20_000_000)), { 'content-encoding': 'gzip' }],
    ['a body that is too large', '/queues/chunks', Buffer.alloc(2_000_000, ' '), {}],
    ['a task that is none', '/queues/chunks', '{"version":1}', {}],
  ])('%s', async (_what, path, body, headers) => {
    const before = work.lines().length
    const answer = await post(path, body, headers)
    expect([answer.status, await answer.text()]).toEqual([204, ''])
    expect(work.told()).toEqual([])
    expect(
      work
        .lines()
        .slice(before)
        .filter(({ severity }) => severity === 'ERROR'),
    ).toMatchObject([{ severity: 'ERROR', message: 'a delivery that cannot be read was given up' }])
  })
})

test('a message of a later version comes again, for an instance that knows it', async () => {
  expect((await post('/topics/ingest', push({ ...command(), version: 2 }))).status).toBe(500)
  expect(work.told()).toEqual([])
})

test('what may succeed later is asked for again, and does not tell why', async () => {
  const answer = await post('/topics/ingest', push(command('later')))
  expect([answer.status, await answer.text()]).toEqual([500, ''])
  expect(work.told()).toHaveLength(1)
})

test('what failed for good is acknowledged, and fails its step', async () => {
  expect((await post('/topics/ingest', push(command('never')))).status).toBe(204)
  expect(work.told()).toContainEqual({
    topic: 'run-events',
    message: expect.objectContaining({ type: 'step.failed', runId: 'never', stepId: 's' }) as object,
  })
})

test('the last attempt of a task fails its step, and is acknowledged', async () => {
  const look = { version: 1, trace, type: 'step', command: 'step.run', runId: 'later', stepId: 's', tick: 0 }
  const answer = await post('/queues/chunks', JSON.stringify(look), { 'x-cloudtasks-taskretrycount': '24' })
  expect(answer.status).toBe(204)
  expect(work.told()).toContainEqual({
    topic: 'run-events',
    message: expect.objectContaining({
      type: 'step.failed',
      error: { code: 'UNAVAILABLE', message: 'secret inside (given up after 25 attempts)' },
    }) as object,
  })
})

test('a dead letter fails its step', async () => {
  expect((await post('/dead-letters/ingest', push(command()))).status).toBe(204)
  expect(work.told()).toMatchObject([{ topic: 'run-events', message: { type: 'step.failed', runId: 'r1' } }])
})

describe('an upload is taken', () => {
  const object = { bucket: 'b', name: 'in/a b.csv', generation: '1700000000000001', size: '12' }
  const event = { version: 1, trace, type: 'object.finalized', ...object, size: 12 }
  const finalized = 'google.cloud.storage.object.v1.finalized'
  const traceparent = `00-${trace}-00f067aa0ba902b7-01`
  it.each<[string, string, Record<string, string>]>([
    ['as an event in headers', JSON.stringify(object), { 'ce-type': finalized, 'ce-specversion': '1.0' }],
    [
      'as an event in JSON',
      JSON.stringify({ specversion: '1.0', type: finalized, data: object }),
      { 'content-type': 'application/cloudevents+json; charset=utf-8' },
    ],
    [
      'as a notification of its bucket',
      JSON.stringify({
        message: {
          data: Buffer.from(JSON.stringify(object)).toString('base64'),
          messageId: 'm',
          attributes: { eventType: 'OBJECT_FINALIZE', bucketId: 'b' },
        },
      }),
      {},
    ],
  ])('%s', async (_what, body, headers) => {
    expect((await post('/', body, { traceparent, ...headers })).status).toBe(204)
    expect(work.told()).toEqual([{ handler: 'uploads', payload: event, delivery: { attempt: 1, trace } }])
  })

  it('only when it was finalized', async () => {
    const headers = { 'ce-type': 'google.cloud.storage.object.v1.deleted' }
    expect((await post('/', JSON.stringify(object), headers)).status).toBe(204)
    expect(work.told()).toEqual([])
  })
})

test.each(['/elsewhere', '/topics/dq', '/topics/toString', '/%ff', '/favicon.ico'])('%s is not there', async (path) => {
  const answer = await post(path, '{}')
  expect([answer.status, await answer.text()]).toEqual([404, ''])
})

test('keys that were rotated are found', async () => {
  const other = await startFramework(SOURCE, 'work', environment())
  try {
    issuer.rotate()
    const answer = await fetch(`${other.url}/tick`, {
      method: 'POST',
      headers: { authorization: `Bearer ${issuer.token()}` },
    })
    expect(answer.status).toBe(204)
  } finally {
    await other.stop()
  }
})

test('a function that is told nobody to let in answers 500 and says which settings it lacks', async () => {
  const other = await startFramework(SOURCE, 'work', { CONVERGENCE_PROJECT: 'p1' })
  try {
    const answer = await fetch(`${other.url}/tick`, { method: 'POST' })
    expect([answer.status, await answer.text()]).toEqual([500, ''])
    expect(JSON.stringify(other.lines())).toContain('set CONVERGENCE_AUDIENCES and CONVERGENCE_CALLERS')
  } finally {
    await other.stop()
  }
})

test('a SIGTERM lets what is under way end, takes nothing new, closes the ports, and ends the process', async () => {
  const other = await startFramework(SOURCE, 'work', environment())
  try {
    const headers = { authorization: `Bearer ${issuer.token()}` }
    const slow = fetch(`${other.url}/topics/ingest`, { method: 'POST', headers, body: push(command('slow')) })
    while (!JSON.stringify(other.lines()).includes('at work'))
      await new Promise((resolve) => other.child.stdout?.once('data', resolve))
    other.child.kill('SIGTERM')
    await expect.poll(() => fetch(other.url).catch(() => 'refused')).toBe('refused')
    other.child.send('go on')
    expect((await slow).status).toBe(204)
    expect(await other.exited).toBe(0)
    expect(other.lines()).toContainEqual({ closed: true })
  } finally {
    await other.stop()
  }
})

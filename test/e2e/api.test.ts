import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createApi } from '@convergence/api/handler.ts'
import { createTenant } from '@convergence/control/tenants/create-tenant.ts'
import { digestSecret } from '@convergence/core/api-key.ts'
import { localPorts, type LocalPlatform } from '@convergence/local/ports.ts'
import { silentLog } from '@convergence/local/testing/silent-log.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

/** The fields of answers that are read one by one here. */
interface Answer {
  readonly run_id: string
  readonly created: boolean
  readonly key: string
  readonly code: string
  readonly detail: string
  readonly trace_id: string
  readonly openapi: string
  readonly paths: object
  readonly runs: readonly { readonly run_id: string }[]
  readonly next_page_token: string
}

/** The API over the embedded platform, without a host: runs are asked for, and none goes on. */
const PEPPER = 'pepper'
const ADMIN = 'admin-key-of-the-operator'
const root = mkdtempSync(join(tmpdir(), 'convergence-api-'))
const clock = { atMs: Date.parse('2026-01-15T12:00:00Z'), nowMs: () => clock.atMs }
let local: LocalPlatform
let app: ReturnType<typeof createApi>
let keys: { acme: string; other: string }

const write = (path: string, text: string): void => {
  mkdirSync(join(root, path, '..'), { recursive: true })
  writeFileSync(join(root, path), text)
}

const pipeline = `
pipeline_id: daily
parameters: { usage_date: { type: date, default: yesterday }, limit: { type: integer, min: 1 } }
steps:
  - step_id: lines
    type: ingest
    source: files.lines
    load: { dataset: raw, table: lines, strategy: append }
`
const source = `
source_id: files
type: object_storage
bucket: drops
files: { lines: { glob: "*.csv", format: csv } }
`

beforeAll(async () => {
  for (const tenant of ['acme', 'other']) {
    write(
      `configs/_platform/tenants/${tenant}.yml`,
      'buckets: [{ bucket: drops }]\nlimits: { max_concurrent_runs: 3 }\n',
    )
    write(`configs/${tenant}/tenant.yml`, 'timezone: UTC\n')
    write(`configs/${tenant}/pipelines/daily.yml`, pipeline)
    write(`configs/${tenant}/sources/files.yml`, source)
  }
  const refuse = () => Promise.reject(new Error('nothing is processed here'))
  local = await localPorts({
    root,
    log: silentLog,
    clock,
    http: { request: refuse },
    processor: { process: refuse, sample: refuse, close: () => Promise.resolve() },
  })
  await local.ports.warehouse.prepare()
  for (const tenant of ['acme', 'other']) await createTenant({ ports: local.ports, trace: 't' }, tenant)
  app = createApi({
    ports: local.ports,
    settings: {
      pepper: PEPPER,
      adminDigest: digestSecret(ADMIN, PEPPER),
      corsOrigins: ['https://app.example.com'],
      requestsPerMinute: 6_000,
      version: 'test',
      bucket: 'convergence',
    },
  })
  keys = { acme: await makeKey('acme'), other: await makeKey('other') }
})

afterAll(async () => {
  await local.close()
  rmSync(root, { recursive: true, force: true })
})

const call = async (
  method: string,
  path: string,
  options: { key?: string; admin?: string; body?: unknown; headers?: Record<string, string> } = {},
) => {
  const raw = typeof options.body === 'string'
  const response = await app.request(path, {
    method,
    headers: {
      ...(options.body !== undefined && { 'content-type': 'application/json', 'content-length': '2' }),
      ...(options.key !== undefined && { 'x-api-key': options.key }),
      ...(options.admin !== undefined && { 'x-admin-key': options.admin }),
      ...options.headers,
    },
    ...(options.body !== undefined && { body: raw ? (options.body as string) : JSON.stringify(options.body) }),
  })
  const text = await response.text()
  return {
    status: response.status,
    headers: response.headers,
    text,
    json: JSON.parse(text === '' ? '{}' : text) as Answer,
  }
}

const makeKey = async (tenant: string, more: object = {}): Promise<string> => {
  const made = await call('POST', '/api/v1/admin/api-keys', { admin: ADMIN, body: { tenant_id: tenant, ...more } })
  expect(made.status).toBe(201)
  return made.json.key as string
}

const ask = (key: string, parameters: object, headers: Record<string, string> = {}) =>
  call('POST', '/api/v1/pipelines/run/daily', { key, body: { parameters }, headers })

const cancelAll = async (key: string): Promise<void> => {
  for (const run of (await call('GET', '/api/v1/pipelines/runs?limit=100', { key })).json.runs) {
    const entry = await local.ports.state.get(`active/${key === keys.acme ? 'acme' : 'other'}/${run.run_id}`)
    if (entry) await local.ports.state.delete(entry.key, entry.version)
  }
}

describe('asking for a run', () => {
  it('answers 202 with the run, whose words were worked out once, and writes it under its tenant', async () => {
    const asked = await ask(keys.acme, {})
    expect(asked).toMatchObject({ status: 202, json: { status: 'PENDING', created: true } })
    expect(asked.headers.get('location')).toBe(`/api/v1/pipelines/runs/${asked.json.run_id}`)
    const run = await call('GET', `/api/v1/pipelines/runs/${asked.json.run_id}`, { key: keys.acme })
    expect(run).toMatchObject({
      status: 200,
      json: { pipeline_id: 'daily', parameters: { usage_date: '2026-01-14', limit: null } },
    })
    await cancelAll(keys.acme)
  })

  it('gives the same run for the same Idempotency-Key, and refuses the key for another request', async () => {
    const first = await ask(keys.acme, { limit: 2 }, { 'idempotency-key': 'k1' })
    const again = await ask(keys.acme, { limit: 2 }, { 'idempotency-key': 'k1' })
    expect(again.json).toMatchObject({ run_id: first.json.run_id, created: false })
    expect(await ask(keys.acme, { limit: 3 }, { 'idempotency-key': 'k1' })).toMatchObject({
      status: 409,
      json: { code: 'CONFLICT' },
    })
    const others = await ask(keys.other, { limit: 2 }, { 'idempotency-key': 'k1' })
    expect(others.json.run_id).not.toBe(first.json.run_id)
    await cancelAll(keys.acme)
    await cancelAll(keys.other)
  })

  it('gives one run to many requests with one key at the same moment', async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => ask(keys.acme, {}, { 'idempotency-key': 'k2' })))
    expect(new Set(answers.map(({ json }) => json.run_id)).size).toBe(1)
    expect(answers.filter(({ json }) => json.created)).toHaveLength(1)
    await cancelAll(keys.acme)
  })

  it.each([
    ['a wrong type', { limit: 'many' }, 'parameters.limit'],
    ['a value out of bounds', { limit: 0 }, 'parameters.limit'],
    ['no date', { usage_date: '2026-02-30' }, 'parameters.usage_date'],
    ['an unknown name', { usage_dat: '2026-01-01' }, 'parameters.usage_dat'],
  ])('names the field of %s', async (_, parameters, field) => {
    const refused = await ask(keys.acme, parameters)
    expect(refused).toMatchObject({ status: 400, json: { code: 'INVALID_INPUT', errors: [{ field }] } })
    expect(refused.headers.get('content-type')).toBe('application/problem+json')
    expect(refused.json.trace_id).toMatch(/^[0-9a-f]{32}$/)
  })

  it('refuses unknown fields, malformed JSON, another type, a large body and an unknown pipeline', async () => {
    const path = '/api/v1/pipelines/run/daily'
    expect(await call('POST', path, { key: keys.acme, body: { parameter: {} } })).toMatchObject({
      status: 400,
      json: { code: 'INVALID_INPUT' },
    })
    expect(await call('POST', path, { key: keys.acme, body: '{"parameters":' })).toMatchObject({
      status: 400,
      json: { code: 'INVALID_INPUT' },
    })
    expect(
      await call('POST', path, { key: keys.acme, body: 'a=b', headers: { 'content-type': 'text/plain' } }),
    ).toMatchObject({ status: 415 })
    const large = JSON.stringify({ parameters: { usage_date: 'x'.repeat(2_000_000) } })
    expect(
      await call('POST', path, { key: keys.acme, body: large, headers: { 'content-length': String(large.length) } }),
    ).toMatchObject({ status: 413 })
    expect(await call('POST', '/api/v1/pipelines/run/dayly', { key: keys.acme, body: {} })).toMatchObject({
      status: 404,
      json: { code: 'NOT_FOUND', detail: expect.stringContaining('did you mean "daily"?') },
    })
  })

  it('refuses more runs than the tenant may have, and says what to do', async () => {
    for (let n = 0; n < 3; n++) expect((await ask(keys.other, { limit: n + 1 })).status).toBe(202)
    expect(await ask(keys.other, { limit: 9 })).toMatchObject({
      status: 429,
      json: { code: 'LIMIT_EXCEEDED', detail: expect.stringContaining('cancel one') },
    })
    await cancelAll(keys.other)
  })
})

describe('a key', () => {
  it('opens its own tenant only: another tenant sees neither the run nor that it exists', async () => {
    const { json } = await ask(keys.acme, {})
    const theirs = await call('GET', `/api/v1/pipelines/runs/${json.run_id}`, { key: keys.other })
    const nobodys = await call('GET', '/api/v1/pipelines/runs/daily-0000', { key: keys.other })
    expect([theirs.status, nobodys.status]).toEqual([404, 404])
    expect(theirs.json.detail.replace(json.run_id, '')).toBe(nobodys.json.detail.replace('daily-0000', ''))
    expect((await call('DELETE', `/api/v1/pipelines/runs/${json.run_id}`, { key: keys.other })).status).toBe(404)
    const list = await call('GET', '/api/v1/pipelines/runs?limit=100', { key: keys.other })
    expect(list.json.runs.map((run) => run.run_id)).not.toContain(json.run_id)
    await cancelAll(keys.acme)
  })

  it('that is missing, wrong, mistyped, expired or revoked gives the same 401', async () => {
    const expired = await makeKey('acme', { expires_at: '2026-01-15T12:00:01.000Z' })
    const revoked = await makeKey('acme')
    await call('DELETE', `/api/v1/admin/api-keys/${revoked.split('_')[1]}`, { admin: ADMIN })
    clock.atMs += 2_000
    const wrong = `${keys.acme.slice(0, -1)}${keys.acme.endsWith('0') ? '1' : '0'}`
    const bodies = []
    for (const key of [wrong, 'nonsense', expired, revoked]) {
      const answer = await call('GET', '/api/v1/pipelines/runs', { key })
      expect(answer.status).toBe(401)
      bodies.push(answer.json.detail)
    }
    expect(new Set(bodies).size).toBe(1)
    expect((await call('GET', '/api/v1/pipelines/runs')).status).toBe(401)
  })

  it('without the scope may read and not write', async () => {
    const reader = await makeKey('acme', { scopes: ['runs:read'] })
    expect((await call('GET', '/api/v1/pipelines/runs', { key: reader })).status).toBe(200)
    expect(await ask(reader, {})).toMatchObject({ status: 403, json: { code: 'FORBIDDEN' } })
  })

  it('is kept nowhere: neither the state nor the metadata holds it', async () => {
    const secret = keys.acme.split('_')[2] ?? ''
    const page = await local.ports.state.list('')
    expect(JSON.stringify(page.entries)).not.toContain(secret.slice(0, 48))
  })
})

describe('runs', () => {
  it('are listed newest first, by page', async () => {
    const ids: string[] = []
    for (let n = 0; n < 3; n++) {
      clock.atMs += 1_000
      ids.unshift((await ask(keys.other, {})).json.run_id)
    }
    const first = await call('GET', '/api/v1/pipelines/runs?pipeline_id=daily&limit=2', { key: keys.other })
    expect(first.json.runs.map((run) => run.run_id)).toEqual(ids.slice(0, 2))
    const next = await call(
      'GET',
      `/api/v1/pipelines/runs?pipeline_id=daily&limit=2&page_token=${encodeURIComponent(first.json.next_page_token)}`,
      { key: keys.other },
    )
    expect(next.json.runs[0]?.run_id).toBe(ids[2])
    expect(await call('GET', '/api/v1/pipelines/runs?limit=0', { key: keys.other })).toMatchObject({
      status: 400,
      json: { errors: [{ field: 'query.limit' }] },
    })
    await cancelAll(keys.other)
  })
})

describe('the operator', () => {
  it('creates tenants once, and is told of a bad id', async () => {
    expect((await call('POST', '/api/v1/admin/tenants', { admin: ADMIN, body: { tenant_id: 'third' } })).status).toBe(
      201,
    )
    expect((await call('POST', '/api/v1/admin/tenants', { admin: ADMIN, body: { tenant_id: 'third' } })).status).toBe(
      200,
    )
    expect(await call('POST', '/api/v1/admin/tenants', { admin: ADMIN, body: { tenant_id: 'a_b' } })).toMatchObject({
      status: 400,
      json: { code: 'INVALID_INPUT' },
    })
    expect(await call('GET', '/api/v1/admin/tenants/third/status', { admin: ADMIN })).toMatchObject({
      status: 200,
      json: { status: 'active', latest_runs: [] },
    })
    expect((await call('GET', '/api/v1/admin/tenants/nobody/status', { admin: ADMIN })).status).toBe(404)
  })

  it('is nobody without the admin key, and a tenant key is none', async () => {
    for (const headers of [{}, { admin: 'wrong' }, { key: keys.acme }])
      expect((await call('POST', '/api/v1/admin/tenants', { ...headers, body: { tenant_id: 'fourth' } })).status).toBe(
        401,
      )
  })
})

describe('the API', () => {
  it('tells its health and its document, and answers everything else with a problem', async () => {
    expect((await call('GET', '/health')).json).toEqual({ status: 'ok', version: 'test' })
    const { json } = await call('GET', '/openapi.json')
    expect(json.openapi).toBe('3.1.0')
    expect(Object.keys(json.paths)).toEqual(
      expect.arrayContaining([
        '/api/v1/pipelines/run/{pipeline_id}',
        '/api/v1/pipelines/runs',
        '/api/v1/pipelines/runs/{run_id}',
        '/api/v1/admin/tenants',
        '/api/v1/admin/api-keys',
      ]),
    )
    expect(await call('GET', '/nothing')).toMatchObject({ status: 404, json: { code: 'NOT_FOUND' } })
  })

  it("takes over a caller's trace", async () => {
    const trace = '4bf92f3577b34da6a3ce929d0e0e4736'
    const answer = await call('GET', '/nothing', { headers: { traceparent: `00-${trace}-00f067aa0ba902b7-01` } })
    expect([answer.json.trace_id, answer.headers.get('x-trace-id')]).toEqual([trace, trace])
  })

  it('allows the listed origins only', async () => {
    const from = async (origin: string) =>
      (await call('GET', '/api/v1/pipelines/runs', { key: keys.acme, headers: { origin } })).headers.get(
        'access-control-allow-origin',
      )
    expect(await from('https://app.example.com')).toBe('https://app.example.com')
    expect(await from('https://evil.example.com')).toBeNull()
  })

  it('slows a caller down who asks too often, and says when to come back', async () => {
    const slow = createApi({
      ports: local.ports,
      settings: {
        pepper: PEPPER,
        adminDigest: undefined,
        corsOrigins: [],
        requestsPerMinute: 8,
        version: 'test',
        bucket: 'convergence',
      },
    })
    const get = () => slow.request('/api/v1/pipelines/runs', { headers: { 'x-api-key': keys.acme } })
    expect([(await get()).status, (await get()).status]).toEqual([200, 200])
    const refused = await get()
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '8'])
    clock.atMs += 8_000
    expect((await get()).status).toBe(200)
    const admin = await slow.request('/api/v1/admin/tenants/acme/status', { headers: { 'x-admin-key': 'any' } })
    expect(admin.status).toBe(403)
  })
})

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openProject, reasonOf, type TestProject, type TestTenant } from './project.ts'

type Respond = (request: IncomingMessage, response: ServerResponse) => void

const SECRET = 'sk-very-secret-0123456789'

const text =
  (body: string, status = 200, headers: Record<string, string> = {}): Respond =>
  (_request, response) =>
    response.writeHead(status, headers).end(body)
const json = (body: unknown, status = 200): Respond => text(JSON.stringify(body), status)
const parameter = (request: IncomingMessage, name: string): number =>
  Number(new URL(request.url ?? '', 'http://api').searchParams.get(name) ?? 0)

interface Setup {
  readonly pagination?: string
  /** Lines of the source. */
  readonly source?: string
  readonly backoff?: string
}

let project: TestProject
let origin = ''
const answers: Respond[] = []
const server = createServer((request, response) =>
  answers[Number(/^\/(\d+)\//.exec(request.url ?? '')?.[1])]?.(request, response),
)
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  project = await openProject()
}, 60_000)
afterAll(async () => {
  server.closeAllConnections()
  server.close()
  await project.close()
})

/** A tenant whose pipeline `things` reads an API of its own, where it sends a secret. */
const tenantOf = async (respond: Respond, setup: Setup = {}, base = origin): Promise<TestTenant> => {
  const number = answers.push(respond) - 1
  const tenant = await project.tenant(`api${number}`, 'hosts: ["127.0.0.1"]\n')
  tenant.secret('key', SECRET)
  tenant.write('schemas/things.json', JSON.stringify([{ name: 'id', type: 'INT64', mode: 'REQUIRED' }]))
  tenant.write(
    'sources/shop.yml',
    `source_id: shop
type: rest_api
base_url: ${base}/${number}
auth: { type: bearer, token: { secret: key } }
retry: { max_attempts: 2, max_delay: 10ms }
${setup.source ?? ''}
resources:
  things: { path: /things, records: 'data[*]', pagination: ${setup.pagination ?? '{ type: none }'} }
`,
  )
  tenant.write(
    'pipelines/things.yml',
    `pipeline_id: things
steps:
  - step_id: things
    type: ingest
    source: shop.things
    load: { dataset: raw, table: things, schema: things, strategy: append }
    retry: { max_attempts: 2, backoff: ${setup.backoff ?? '10ms'} }
`,
  )
  return tenant
}

interface Case extends Setup {
  readonly what: string
  readonly respond: Respond
  /** URL stands for the resource's, TENANT for its id. */
  readonly reason: string
}

const TWICE = ', 2 times in a row (after 2 attempts)'

const CASES: readonly Case[] = [
  {
    what: 'answers 401',
    respond: json({ error: `no such key: ${SECRET}` }, 401),
    reason: 'GET URL answered 401: the key is not accepted; check configs/TENANT/secrets/key.txt',
  },
  {
    what: 'answers 403',
    respond: json({}, 403),
    reason:
      'GET URL answered 403: the key may not read this; check configs/TENANT/secrets/key.txt and what it is allowed to read',
  },
  {
    what: 'answers 404',
    respond: json({}, 404),
    reason: 'GET URL answered 404: there is nothing at PATH; check `base_url` and `path` of shop.things',
  },
  {
    what: 'answers 400, and shows the key',
    respond: json({ error: `bad key ${SECRET}` }, 400),
    reason: 'GET URL answered 400: "{\\"error\\":\\"bad key …\\"}"',
  },
  {
    what: 'answers 500 for ever',
    respond: json({ error: `failed for ${SECRET}` }, 500),
    reason: `GET URL answered 500: "{\\"error\\":\\"failed for …\\"}"${TWICE}`,
  },
  {
    what: 'answers 429 for ever',
    respond: json({}, 429),
    reason: `GET URL answered 429: it takes fewer requests (limits.requests_per_minute of the source sends fewer)${TWICE}`,
  },
  {
    what: 'answers HTML',
    respond: text('<!doctype html><html>Sign in</html>'),
    reason: 'GET URL, page 1: HTML or XML came instead of JSON: "<!doctype html><html>Sign in</html>"',
  },
  {
    what: 'answers JSON that was cut off',
    respond: text('{"data":[{"id":1},{"id":'),
    reason: 'GET URL, page 1: the JSON text ends early, at byte 24: it was cut off',
  },
  { what: 'answers nothing', respond: text(''), reason: 'GET URL, page 1: the JSON text is empty' },
  {
    what: 'has its records elsewhere',
    respond: json({ items: [] }),
    reason: 'GET URL, page 1: there is nothing at data (records: $.data[*])',
  },
  {
    what: 'repeats a cursor',
    respond: json({ data: [{ id: 1 }], next: 'abc' }),
    pagination: '{ type: cursor, next: next, param: after }',
    reason: 'GET URL, page 2: the list goes in a circle: after 2 pages the cursor "abc" came again',
  },
  {
    what: 'never ends',
    respond: (request, response) =>
      json({ data: [{ id: 1 }], next: parameter(request, 'after') + 1 })(request, response),
    pagination: '{ type: cursor, next: next, param: after, max_pages: 5 }',
    reason: 'GET URL, page 5: the list has more than 5 pages: it may never end (`max_pages` raises the limit)',
  },
  {
    what: 'gives fewer rows than it declares',
    respond: (request, response) =>
      json({ total: 10, data: parameter(request, 'offset') === 0 ? [{ id: 1 }, { id: 2 }] : [] })(request, response),
    pagination: '{ type: offset, limit: 2, param: offset, total: total }',
    reason: 'GET URL, page 2: the source declared 10 records and gave 2: its list ended early, after 2 pages',
  },
  {
    what: 'redirects to the metadata server',
    respond: text('', 302, { location: 'http://169.254.169.254/latest/meta-data/' }),
    reason:
      'URL redirects elsewhere: connections to 169.254.169.254 are not allowed: it is a metadata or link-local address',
  },
  {
    what: 'redirects to a private address',
    respond: text('', 302, { location: 'https://10.0.0.1/' }),
    reason:
      'URL redirects elsewhere: connections to 10.0.0.1 are not allowed: it is a private address (the operator can add the host to `hosts` in configs/_platform/tenants/)',
  },
  {
    what: 'redirects in a circle',
    respond: (request, response) => text('', 302, { location: request.url ?? '' })(request, response),
    reason: 'URL: more than 5 redirects',
  },
  {
    what: 'sends the next page to another host',
    respond: json({ data: [{ id: 1 }], next: 'http://169.254.169.254/x' }),
    pagination: '{ type: next_url, next: next }',
    reason: 'the next page of things is on another origin, http://169.254.169.254: credentials are not sent there',
  },
  {
    what: 'answers a gzip bomb',
    respond: (_request, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(20_000_000))),
    source: 'max_response: 1MB',
    reason: 'things: the answer is larger than 1000000 bytes: raise `max_response`, or ask for smaller pages',
  },
  {
    what: 'hangs',
    respond: () => {},
    source: 'timeout: 50ms',
    reason: `URL: no complete answer within 50 ms${TWICE}`,
  },
  {
    what: 'cuts the connection',
    respond: ({ socket }) => socket.destroy(),
    reason: `URL: the connection was closed${TWICE}`,
  },
  {
    what: 'sends what is no number where the schema has one',
    respond: json({ data: [{ id: 1 }, { id: 'x' }] }),
    reason:
      "1 of 2 rows was rejected, max_rejected allows 0; nothing was loaded. The first: shop.things, row 2, column id: 'x' is not a whole number. " +
      'See the quarantine, mend the source or the schema, or raise max_rejected',
  },
  {
    what: 'sends a field that the schema lacks',
    respond: json({ data: [{ id: 1, note: 'x' }] }),
    reason:
      "the data has columns that the table's schema lacks: note. Add them to the schema, or leave them out with exclude (or name those to load with columns)",
  },
]

describe('an API that', () => {
  it.each(CASES)('$what fails the run, and nothing is loaded', async ({ respond, reason, ...setup }) => {
    const tenant = await tenantOf(respond, setup)
    const path = `/${tenant.id.slice('api'.length)}/things`
    const wanted = reason.replace('URL', `${origin}${path}`).replace('PATH', path).replace('TENANT', tenant.id)
    const run = await tenant.run('things')
    expect(reasonOf(run)).toBe(`step things: ${wanted}`)
    expect(await tenant.query('SELECT * FROM raw.things')).toBe(
      `error: tenant ${tenant.id} has no table raw.things: no run has loaded it yet\n`,
    )
    expect(`${run.out}${run.err}`).not.toContain(SECRET)
  })

  it('is on a private address that the operator did not allow is not asked', async () => {
    const tenant = await tenantOf(json({ data: [] }), {}, 'https://127.0.0.2')
    expect(reasonOf(await tenant.run('things'))).toBe(
      'step things: things: connections to 127.0.0.2 are not allowed: it is a private address (the operator can add the host to `hosts` in configs/_platform/tenants/)',
    )
  })

  it('fails for now is waited for, and the wait is told while it lasts', async () => {
    let asked = 0
    const respond: Respond = (request, response) =>
      asked++ < 2 ? text('busy', 503)(request, response) : json({ data: [{ id: 1 }] })(request, response)
    const tenant = await tenantOf(respond, { backoff: '1s' })
    const { code, out } = await tenant.run('things')
    expect(code).toBe(0)
    expect(out).toMatch(
      /^step things: tries again in [\d.]+ m?s: GET \S+ answered 503: "busy", 2 times in a row \(attempt 1 of 2\)$/m,
    )
  })

  it('shows the key is not repeated by the log either', () => {
    expect(project.logged()).toContain('answered 401')
    expect(project.logged()).not.toContain(SECRET)
  })
})

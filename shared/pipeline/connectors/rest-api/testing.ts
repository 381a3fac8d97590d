import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, request as send } from 'node:http'
import type { AddressInfo } from 'node:net'
import { operatorTenantSchema } from '@convergence/core/config/tenant.ts'
import type { RestApiSource } from '@convergence/core/config/source.ts'
import { sourceSchema } from '@convergence/core/config/source.ts'
import { NotFoundError, UnavailableError } from '@convergence/core/errors.ts'
import type { Http } from '@convergence/core/ports/http.ts'
import type { Log } from '@convergence/core/ports/log.ts'
import type { ConnectorContext, Json, LinkEnd, LinkRead } from '../connector.ts'
import { createRestApiConnector } from './connector.ts'

/** An API on a port of this machine, and the connector with a clock that moves when it sleeps. */
export interface TestApi {
  readonly url: string
  readonly seen: {
    readonly method: string
    readonly url: URL
    readonly headers: IncomingMessage['headers']
    readonly body: string
  }[]
  readonly sleeps: number[]
  readonly warnings: string[]
  readonly connector: ReturnType<typeof createRestApiConnector>
  context(
    source: Record<string, unknown>,
    more?: Partial<ConnectorContext<RestApiSource>>,
  ): ConnectorContext<RestApiSource>
  close(): Promise<void>
}

type Seen = TestApi['seen'][number]
export type Respond = (request: Seen, response: ServerResponse, nth: number) => unknown

/** What `respond` returns is sent as JSON, unless it has answered itself. */
export const serveApi = async (respond: Respond): Promise<TestApi> => {
  const seen: Seen[] = []
  const sleeps: number[] = []
  const warnings: string[] = []
  let nowMs = Date.UTC(2026, 0, 31)
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const one = {
        method: request.method ?? '',
        url: new URL(request.url ?? '', 'http://api'),
        headers: request.headers,
        body: Buffer.concat(chunks).toString(),
      }
      seen.push(one)
      const json = respond(one, response, seen.length)
      if (!response.writableEnded && json !== undefined) response.end(JSON.stringify(json))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const log: Log = {
    debug: () => {},
    info: () => {},
    warn: (message) => void warnings.push(message),
    error: () => {},
    with: () => log,
  }
  return {
    url,
    seen,
    sleeps,
    warnings,
    connector: createRestApiConnector({
      sleep: (ms) => {
        sleeps.push(ms)
        nowMs += ms
        return Promise.resolve()
      },
    }),
    context: (source, more = {}) => ({
      tenant: 'acme',
      source: sourceSchema.parse({
        source_id: 'shop',
        type: 'rest_api',
        base_url: `${url}/v1`,
        ...source,
      }) as RestApiSource,
      resource: 'orders',
      operator: operatorTenantSchema.parse({}),
      scope: {
        parameters: { usage_date: '2026-01-31' },
        run: { id: 'r1', logicalTime: '2026-01-31T05:00:00Z' },
        timezone: 'UTC',
      },
      columns: ['id'],
      nameOf: (key) => key,
      objects: undefined as never,
      http: plainHttp,
      secrets: {
        get: (_, name) =>
          name === 'shop_key' ? Promise.resolve('s3cret') : Promise.reject(new NotFoundError(`no secret ${name}`)),
        invalidate: () => {},
      },
      clock: { nowMs: () => nowMs },
      log,
      ...more,
    }),
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** The port without the guard, which belongs to another room and has its own tests. */
const plainHttp: Http = {
  request: ({ method, url, headers, body }) =>
    new Promise((resolve, reject) => {
      const request = send(url, { method, headers: { ...headers } }, (response) => {
        const flat = Object.entries(response.headers).map(([name, value]) => [name, [value].flat().join(', ')])
        resolve({
          status: response.statusCode ?? 0,
          headers: Object.fromEntries(flat) as Record<string, string>,
          url,
          body: response,
        })
      })
      request.on('error', (error) => reject(new UnavailableError(error.message)))
      request.end(body)
    }),
}

/** The lines of one link, and its end. */
export const readOne = async (read: LinkRead): Promise<{ lines: string[]; end: LinkEnd }> => {
  const chunks: Uint8Array[] = []
  for await (const chunk of read.input.body) chunks.push(Uint8Array.from(chunk))
  const lines = Buffer.concat(chunks).toString().split('\n').slice(0, -1)
  return { lines, end: read.end() }
}

/** The lines of a whole slot, link after link, each continuation as the state would keep it. */
export const readSlotLines = async (
  api: TestApi,
  context: ConnectorContext<RestApiSource>,
  slot: Json = {},
): Promise<{ lines: string[]; links: number; requests: number; unknown: string[] }> => {
  const lines: string[] = []
  const unknown: string[] = []
  let requests = 0
  let continuation: Json | undefined
  for (let links = 1; ; links++) {
    const { lines: more, end } = await readOne(await api.connector.read(context, slot, continuation))
    lines.push(...more)
    unknown.push(...end.unknownColumns)
    requests += end.requests
    if (end.continuation === undefined) return { lines, links, requests, unknown }
    continuation = JSON.parse(JSON.stringify(end.continuation)) as Json
  }
}

export const ids = (from: number, to: number) =>
  Array.from({ length: Math.max(0, to - from) }, (_, i) => ({ id: from + i }))

/** Lines of records with the ids 0 to `count` - 1. */
export const lines = (count: number) => Array.from({ length: count }, (_, i) => String(i))

/** A source with one resource, `orders`. */
export const orders = (resource: Record<string, unknown>, source: Record<string, unknown> = {}) => ({
  ...source,
  resources: { orders: { path: '/orders', records: 'data[*]', ...resource } },
})

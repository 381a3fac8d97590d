import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { reportedUsage } from './usage-data.ts'

/** What the server has answered so far. */
interface ServerTally {
  pages: number
  tooMany: number
  failures: number
}

export interface UsageServer {
  readonly port: number
  readonly tally: Readonly<ServerTally>
  close(): Promise<void>
}

const PATH = '/v1/organization/usage/completions'
const PAGE_SIZE = 25
const DAY_S = 86_400

/**
 * A local server that speaks OpenAI's usage API: pages with a cursor, the key checked, and on the way one 429 that asks to wait a
 * second and one 500. `port` 0: any that is free.
 */
export const startUsageServer = async (key: string, port: number): Promise<UsageServer> => {
  const tally: ServerTally = { pages: 0, tooMany: 0, failures: 0 }
  const server = createServer((request, response) => answer(request, response, key, tally))
  await listen(server, port)
  return {
    port: (server.address() as AddressInfo).port,
    tally,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

const listen = (server: Server, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject)
      resolve()
    })
  })

const answer = (request: IncomingMessage, response: ServerResponse, key: string, tally: ServerTally): void => {
  const url = new URL(request.url ?? '/', 'http://127.0.0.1')
  if (url.pathname !== PATH) return send(response, 404, problem('Unknown request URL'))
  if (request.headers.authorization !== `Bearer ${key}`)
    return send(response, 401, problem('Incorrect API key provided'))
  if (tally.pages === 2 && tally.tooMany === 0) {
    tally.tooMany++
    return send(response, 429, problem('Rate limit reached'), { 'retry-after': '1' })
  }
  if (tally.pages === 5 && tally.failures === 0) {
    tally.failures++
    return send(response, 500, problem('The server had an error while processing your request'))
  }
  const body = pageOf(url.searchParams)
  if (!body)
    return send(response, 400, problem('start_time and end_time must be whole days, page a cursor of this API'))
  tally.pages++
  send(response, 200, body)
}

const pageOf = (query: URLSearchParams): object | undefined => {
  const start = Number(query.get('start_time'))
  const end = Number(query.get('end_time') ?? Number.NaN)
  const from = Number(Buffer.from(query.get('page') ?? '', 'base64url').toString() || '0')
  if (![start, end].every((at) => Number.isInteger(at) && at % DAY_S === 0) || end <= start || !Number.isInteger(from))
    return undefined
  const results = Array.from({ length: (end - start) / DAY_S }, (_, day) => start + day * DAY_S).flatMap((at) =>
    reportedUsage(dateOf(at)).map((result) => ({ at, result })),
  )
  const page = results.slice(from, from + PAGE_SIZE)
  const days = [...new Set(page.map(({ at }) => at))]
  const next = from + PAGE_SIZE
  return {
    object: 'page',
    data: days.map((at) => ({
      object: 'bucket',
      start_time: at,
      end_time: at + DAY_S,
      results: page.filter((one) => one.at === at).map((one) => one.result),
    })),
    has_more: next < results.length,
    next_page: next < results.length ? Buffer.from(String(next)).toString('base64url') : null,
  }
}

const dateOf = (seconds: number): string => new Date(seconds * 1_000).toISOString().slice(0, 10)

const problem = (message: string) => ({ error: { message, type: 'invalid_request_error' } })

const send = (response: ServerResponse, status: number, body: object, headers: Record<string, string> = {}): void => {
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(JSON.stringify(body))
}

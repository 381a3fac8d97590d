import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import { connect, createServer as createTcpServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { HttpRequest, HttpResponse } from '@convergence/core/ports/http.ts'
import { GuardedHttp } from './http.ts'

let http: GuardedHttp
const servers: Server[] = []

beforeEach(() => {
  http = new GuardedHttp()
})

afterEach(async () => {
  await http.close()
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

const serve = async (listener: RequestListener): Promise<string> => {
  const server = createServer(listener)
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

const get = (host: string, path = '/', more: Partial<HttpRequest> = {}) =>
  http.request({
    method: 'GET',
    url: `http://${host}${path}`,
    timeoutMs: 5_000,
    maxBytes: 1_000_000,
    allowedHosts: [host],
    ...more,
  })

const textOf = async (response: HttpResponse): Promise<string> => {
  const chunks: Uint8Array[] = []
  for await (const chunk of response.body) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

const answer = (
  response: ServerResponse,
  status: number,
  headers: Record<string, string> = {},
  body: string | Uint8Array = '',
) => {
  response.writeHead(status, headers)
  response.end(body)
}

const withCode = (code: string, message: string | RegExp) =>
  expect.objectContaining({
    code,
    message: typeof message === 'string' ? expect.stringContaining(message) : expect.stringMatching(message),
  })

describe('answers', () => {
  it('carry status, headers and body, whatever the status', async () => {
    const host = await serve((request, response) =>
      answer(response, 404, { 'X-Two': 'a' }, `${request.method} ${request.url}`),
    )
    const response = await get(host, '/x?a=1')
    expect(response).toMatchObject({ status: 404, headers: { 'x-two': 'a' }, url: `http://${host}/x?a=1` })
    expect(await textOf(response)).toBe('GET /x?a=1')
  })

  it('to a POST have its body and headers', async () => {
    const host = await serve((request, response) =>
      request.pipe(response.writeHead(200, { 'x-type': request.headers['content-type'] ?? '' })),
    )
    const response = await get(host, '/', { method: 'POST', body: 'hello', headers: { 'Content-Type': 'text/plain' } })
    expect(await textOf(response)).toBe('hello')
    expect(response.headers['x-type']).toBe('text/plain')
  })

  it('share connections that are kept alive', async () => {
    const ports = new Set<number | undefined>()
    const host = await serve((request, response) => {
      ports.add(request.socket.remotePort)
      answer(response, 200)
    })
    for (let i = 0; i < 10; i++) await textOf(await get(host))
    // The next request may be sent before the connection of the last one is free again.
    expect(ports.size).toBeLessThan(4)
  })

  it.each([
    ['gzip', gzipSync('body')],
    ['GZIP', gzipSync('body')],
    ['deflate', deflateSync('body')],
    ['deflate', deflateRawSync('body')],
    ['br', brotliCompressSync('body')],
    ['zstd', zstdCompressSync('body')],
    ['identity', Buffer.from('body')],
  ])('encoded with %s are decoded', async (encoding, body) => {
    const host = await serve((_, response) => answer(response, 200, { 'content-encoding': encoding }, body))
    expect(await textOf(await get(host))).toBe('body')
  })

  it('without a body may name an encoding', async () => {
    const host = await serve((_, response) => answer(response, 200, { 'content-encoding': 'gzip' }))
    expect(await textOf(await get(host))).toBe('')
  })
})

describe('limits', () => {
  it('stop a decompression bomb at the size that is allowed', async () => {
    const bomb = Buffer.concat(Array<Buffer>(50).fill(gzipSync(Buffer.alloc(10_000_000))))
    const host = await serve((_, response) => answer(response, 200, { 'content-encoding': 'gzip' }, bomb))
    const before = process.memoryUsage.rss()
    await expect(get(host).then(textOf)).rejects.toThrow(
      withCode('LIMIT_EXCEEDED', 'larger than 1000000 bytes: raise `max_response`'),
    )
    expect(process.memoryUsage.rss() - before).toBeLessThan(100_000_000)
  })

  it('refuse encodings on top of each other, and unknown ones', async () => {
    const host = await serve((request, response) =>
      answer(response, 200, { 'content-encoding': request.url === '/two' ? 'gzip, gzip' : 'lzma' }, 'x'),
    )
    await expect(get(host, '/two')).rejects.toThrow(withCode('DATA_REJECTED', 'several times over (gzip, gzip)'))
    await expect(get(host, '/one')).rejects.toThrow(withCode('DATA_REJECTED', 'lzma is not supported'))
  })

  it('hold for a body of plain bytes that never ends', async () => {
    const host = await serve((_, response) => {
      const more = () => {
        while (response.write(Buffer.alloc(65_536)));
        response.once('drain', more)
      }
      more()
    })
    await expect(get(host).then(textOf)).rejects.toThrow(withCode('LIMIT_EXCEEDED', 'larger than'))
  })

  it('time out the whole exchange: a server that is silent, and one that drips', async () => {
    const host = await serve((request, response) => {
      if (request.url === '/silent') return
      const timer = setInterval(() => response.write('.'), 20)
      response.on('close', () => clearInterval(timer))
    })
    await expect(get(host, '/silent', { timeoutMs: 100 })).rejects.toThrow(
      withCode('UNAVAILABLE', '/silent: no complete answer within 100 ms'),
    )
    await expect(get(host, '/drip', { timeoutMs: 100 }).then(textOf)).rejects.toThrow(
      withCode('UNAVAILABLE', 'no complete answer within 100 ms'),
    )
  })
})

describe('failures of the transport can be tried again', () => {
  it('a refused connection, without the values of the query in the message', async () => {
    const host = await serve((_, response) => answer(response, 200))
    await new Promise((resolve) => servers.pop()?.close(resolve))
    const failure = await get(host, '/x?key=secret&page=2').catch((error: unknown) => error)
    expect(failure).toEqual(withCode('UNAVAILABLE', `http://${host}/x?key=…&page=…: the connection was refused`))
    expect(String(failure)).not.toContain('secret')
  })

  it('a connection that is closed before or within the answer', async () => {
    const host = await serve((request, response) => {
      if (request.url === '/within') {
        response.writeHead(200, { 'content-length': '100' })
        response.write('x', () => request.socket.destroy())
      } else request.socket.destroy()
    })
    await expect(get(host)).rejects.toThrow(withCode('UNAVAILABLE', 'the connection was closed'))
    await expect(get(host, '/within').then(textOf)).rejects.toThrow(withCode('UNAVAILABLE', host))
  })

  it('an encoding that ends early', async () => {
    const host = await serve((_, response) =>
      answer(response, 200, { 'content-encoding': 'gzip' }, gzipSync('a long enough body').subarray(0, 15)),
    )
    await expect(get(host).then(textOf)).rejects.toThrow(
      withCode('UNAVAILABLE', 'gzip encoding is broken or ends early'),
    )
  })

  it('a name that is not known', async () => {
    const unknown = new GuardedHttp({
      resolve: (_, callback) => callback(Object.assign(new Error('x'), { code: 'ENOTFOUND' }), []),
    })
    await expect(
      unknown.request({
        method: 'GET',
        url: 'https://nowhere.example',
        timeoutMs: 5_000,
        maxBytes: 1,
        allowedHosts: [],
      }),
    ).rejects.toThrow(withCode('UNAVAILABLE', 'https://nowhere.example/: the name is not known'))
  })
})

describe('the guard', () => {
  it.each([
    'https://127.0.0.1/',
    'https://127.1/',
    'https://2130706433/',
    'https://0x7f.1/',
    'https://１２７.0.0.1/',
    'https://[::1]/',
    'https://[::ffff:a9fe:a9fe]/',
    'https://[64:ff9b::a9fe:a9fe]/',
    'https://169.254.169.254/computeMetadata/v1/',
    'https://metadata.google.internal./',
    'https://METADATA.google.internal/',
    'https://localhost:8080/',
    'https://10.0.0.1/',
    'http://example.com/',
    'ftp://example.com/',
    'file:///etc/passwd',
    'https://user:pass@example.com/',
  ])('refuses %s', async (url) => {
    const offline = new GuardedHttp({ resolve: () => expect.unreachable('nothing is looked up') })
    const failure = offline.request({ method: 'GET', url, timeoutMs: 5_000, maxBytes: 1, allowedHosts: [] })
    await expect(failure).rejects.toMatchObject({ code: 'FORBIDDEN', message: expect.not.stringContaining('pass@') })
    await offline.close()
  })

  it('refuses a name that leads to a private address, and connects to nothing', async () => {
    let connections = 0
    const server = createTcpServer(() => connections++)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const rebound = new GuardedHttp({ resolve: (_, callback) => callback(null, [{ address: '127.0.0.1', family: 4 }]) })
    const request = { method: 'GET', timeoutMs: 5_000, maxBytes: 1, allowedHosts: [] }
    await expect(rebound.request({ ...request, url: `https://rebind.example:${port}/` })).rejects.toThrow(
      withCode('FORBIDDEN', 'connections to rebind.example are not allowed: it leads to 127.0.0.1'),
    )
    expect(connections).toBe(0)
    await rebound.close()
    server.close()
  })

  it('looks a name up once a connection, and connects to what was checked', async () => {
    const host = await serve((_, response) => answer(response, 200, {}, 'ok'))
    const port = host.split(':')[1]
    let lookups = 0
    const changing = new GuardedHttp({
      resolve: (_, callback) => {
        lookups++
        callback(null, [{ address: '127.0.0.1', family: 4 }])
      },
    })
    const response = await changing.request({
      method: 'GET',
      url: `http://inside.example:${port}/`,
      timeoutMs: 5_000,
      maxBytes: 10,
      allowedHosts: [`inside.example:${port}`],
    })
    expect(await textOf(response)).toBe('ok')
    expect(lookups).toBe(1)
    await changing.close()
  })

  it('does not let an allowed name lead to the metadata server', async () => {
    const rebound = new GuardedHttp({
      resolve: (_, callback) => callback(null, [{ address: '169.254.169.254', family: 4 }]),
    })
    await expect(
      rebound.request({
        method: 'GET',
        url: 'http://inside.example/',
        timeoutMs: 5_000,
        maxBytes: 1,
        allowedHosts: ['inside.example'],
      }),
    ).rejects.toThrow(withCode('FORBIDDEN', 'it leads to 169.254.169.254'))
    await rebound.close()
  })

  it('does not give a connection of one tenant to another, for whom the host is not allowed', async () => {
    const host = await serve((_, response) => answer(response, 200, {}, 'ok'))
    await textOf(await get(host))
    await expect(get(host, '/', { allowedHosts: [] })).rejects.toThrow(withCode('FORBIDDEN', host))
    const other = await serve((_, response) => answer(response, 200))
    await expect(get(host, '/', { allowedHosts: [other] })).rejects.toMatchObject({ code: 'FORBIDDEN' })
  })
})

describe('redirects', () => {
  const echo = (request: IncomingMessage, response: ServerResponse) =>
    answer(response, 200, {}, JSON.stringify({ method: request.method, url: request.url, headers: request.headers }))

  it('are followed within an origin, credentials and all', async () => {
    const host = await serve((request, response) =>
      request.url === '/a' ? answer(response, 302, { location: '/b?x=1' }) : echo(request, response),
    )
    const response = await get(host, '/a', { headers: { Authorization: 'Bearer s' } })
    expect(response.url).toBe(`http://${host}/b?x=1`)
    expect(JSON.parse(await textOf(response))).toMatchObject({ url: '/b?x=1', headers: { authorization: 'Bearer s' } })
  })

  it('to another origin carry no credentials', async () => {
    const other = await serve(echo)
    const host = await serve((_, response) => answer(response, 307, { location: `http://${other}/` }))
    const headers = {
      Authorization: 'Bearer s',
      Cookie: 'c',
      'X-Api-Key': 'k',
      'Private-Token': 't',
      Accept: 'application/json',
    }
    const body = await textOf(await get(host, '/', { headers, allowedHosts: [host, other] }))
    expect(Object.keys((JSON.parse(body) as { headers: object }).headers).toSorted()).toEqual([
      'accept',
      'accept-encoding',
      'connection',
      'host',
    ])
  })

  it('to an address that is not allowed are refused', async () => {
    const targets = [
      'http://169.254.169.254/computeMetadata/v1/',
      'https://169.254.169.254/',
      'https://[::ffff:a9fe:a9fe]/',
      'https://localhost/',
    ]
    const host = await serve((request, response) =>
      answer(response, 302, { location: targets[Number(request.url?.slice(1))] ?? '' }),
    )
    for (const i of targets.keys()) await expect(get(host, `/${i}`)).rejects.toMatchObject({ code: 'FORBIDDEN' })
  })

  it('turn a POST into a GET, except 307, which is refused to another origin', async () => {
    const other = await serve(echo)
    const host = await serve((request, response) => {
      if (request.url === '/303') answer(response, 303, { location: '/end' })
      else if (request.url === '/307') answer(response, 307, { location: '/end' })
      else if (request.url === '/away') answer(response, 308, { location: `http://${other}/` })
      else echo(request, response)
    })
    const post = {
      method: 'POST',
      body: 'secret',
      headers: { 'content-type': 'text/plain' },
      allowedHosts: [host, other],
    }
    expect(JSON.parse(await textOf(await get(host, '/303', post)))).toMatchObject({ method: 'GET' })
    expect(JSON.parse(await textOf(await get(host, '/307', post)))).toMatchObject({
      method: 'POST',
      headers: { 'content-length': '6' },
    })
    await expect(get(host, '/away', post)).rejects.toThrow(withCode('FORBIDDEN', 'redirects a request with a body'))
  })

  it('end after five', async () => {
    let requests = 0
    const host = await serve((_, response) => answer(response, 302, { location: `/${requests++}` }))
    await expect(get(host)).rejects.toThrow(withCode('LIMIT_EXCEEDED', 'more than 5 redirects'))
    expect(requests).toBe(6)
  })
})

it('a client that stops reading closes the connection', async () => {
  const closed = Promise.withResolvers<void>()
  const host = await serve((_, response) => {
    response.on('close', () => closed.resolve())
    const more = () => {
      while (response.write(Buffer.alloc(65_536)));
      response.once('drain', more)
    }
    more()
  })
  const response = await get(host, '/', { maxBytes: 1e9 })
  for await (const _ of response.body) break
  await closed.promise
  expect(await new Promise((resolve) => connect(Number(host.split(':')[1]), '127.0.0.1', () => resolve('alive')))).toBe(
    'alive',
  )
})

import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface ReceivedTask {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** Where tasks are called: answers each with the status that `take` gives. */
export const startReceiver = async (take: (task: ReceivedTask) => Promise<number>) => {
  const server = createServer((request, response) => {
    void (async () => {
      const pieces = await Array.fromAsync(request as AsyncIterable<Buffer>)
      const task = { path: request.url ?? '', headers: request.headers, body: Buffer.concat(pieces).toString() }
      response.writeHead(await take(task)).end()
    })()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

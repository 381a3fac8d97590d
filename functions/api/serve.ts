import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'

export interface ApiServer {
  readonly port: number
  /** Takes no more connections, and resolves when those under way have ended. */
  close(): Promise<void>
}

type Fetch = (request: Request) => Response | Promise<Response>

/** Serves an app over HTTP in this process. Throws what listening throws (`EADDRINUSE`). */
export const serveApi = (fetch: Fetch, { host, port }: { host: string; port: number }): Promise<ApiServer> =>
  new Promise((resolve, reject) => {
    const server = serve({ fetch, hostname: host, port }, (address: AddressInfo) => {
      server.off('error', reject)
      resolve({
        port: address.port,
        close: () =>
          new Promise((closed) => {
            server.close(() => closed())
            ;(server as Server).closeIdleConnections()
          }),
      })
    })
    server.once('error', reject)
  })

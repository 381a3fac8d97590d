import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { Server } from '../../integration/servers/server.ts'

export interface StorageFaults {
  /** Of these requests the server answers, and the caller never hears it. */
  readonly loseAnswer?: (request: IncomingMessage) => boolean
  /** Of these the connection breaks after so many bytes of the answer. */
  readonly breakAfterBytes?: (request: IncomingMessage) => number | undefined
}

/**
 * In front of fake-gcs-server, which deletes whatever `ifGenerationMatch` says: answers 412 where Cloud Storage would
 * (https://cloud.google.com/storage/docs/request-preconditions). What only this shows is not proven.
 */
export const startStorageProxy = async (storagePort: number, faults: StorageFaults = {}): Promise<Server> => {
  const server = createServer((incoming, outgoing) => {
    void answer(incoming, outgoing, storagePort, faults).catch((error: unknown) => outgoing.destroy(error as Error))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    stop: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

const answer = async (
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  port: number,
  faults: StorageFaults,
): Promise<void> => {
  const url = new URL(incoming.url ?? '/', `http://127.0.0.1:${port}`)
  const wanted = url.searchParams.get('ifGenerationMatch')
  if (incoming.method === 'DELETE' && wanted !== null) {
    const found = await fetch(new URL(url.pathname, url))
    const meta = (await found.json()) as { generation?: string }
    if (found.status === 200 && meta.generation !== wanted) {
      outgoing.writeHead(412, { 'content-type': 'application/json' }).end(CONDITION_NOT_MET)
      return
    }
  }
  const { method, headers } = incoming
  const forward = request(url, { method: method!, headers }, (response) => {
    if (faults.loseAnswer?.(incoming)) {
      response.resume().once('end', () => outgoing.destroy())
      return
    }
    outgoing.writeHead(response.statusCode!, response.headers)
    const most = faults.breakAfterBytes?.(incoming)
    if (most === undefined) response.pipe(outgoing)
    else void breakAfter(most, response, outgoing)
  })
  forward.once('error', () => outgoing.destroy())
  incoming.pipe(forward)
}

const breakAfter = async (most: number, response: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
  let left = most
  for await (const piece of response as AsyncIterable<Buffer>) {
    if (left > 0) await new Promise<void>((resolve) => outgoing.write(piece.subarray(0, left), () => resolve()))
    left -= piece.length
    if (left <= 0) break
  }
  outgoing.destroy()
}

/** As documented at https://cloud.google.com/storage/docs/json_api/v1/status-codes#412-precondition-failed. */
const CONDITION_NOT_MET = JSON.stringify({
  error: {
    errors: [
      {
        domain: 'global',
        reason: 'conditionNotMet',
        message: 'Precondition Failed',
        locationType: 'header',
        location: 'If-Match',
      },
    ],
    code: 412,
    message: 'Precondition Failed',
  },
})

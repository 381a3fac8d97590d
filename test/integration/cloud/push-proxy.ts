import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

/**
 * Stands between the Pub/Sub emulator and the functions, and adds what the emulator leaves out of a push and Pub/Sub does not: the OIDC
 * token of the subscription's account (https://cloud.google.com/pubsub/docs/authenticate-push-subscriptions), and `deliveryAttempt`, which
 * a subscription with a dead letter topic has (https://cloud.google.com/pubsub/docs/handling-failures#track_delivery_attempts). What is
 * proven through it about these two counts as unproven on Pub/Sub itself.
 */
export interface PushProxy {
  /** Where a subscription pushes to, for the function at that address. */
  readonly endpoint: (functionUrl: string, path: string) => string
  readonly stop: () => void
}

export const startPushProxy = async (tokenFor: (audience: string) => string): Promise<PushProxy> => {
  const attempts = new Map<string, number>()
  const server = createServer((request, response) => {
    const forward = async (): Promise<number> => {
      const { searchParams } = new URL(request.url ?? '', 'http://proxy')
      const [to, path] = [searchParams.get('to') ?? '', searchParams.get('path') ?? '']
      const push = JSON.parse(await text(request)) as { message: { messageId: string } }
      const key = `${path} ${push.message.messageId}`
      const deliveryAttempt = (attempts.get(key) ?? 0) + 1
      attempts.set(key, deliveryAttempt)
      const answer = await fetch(to + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${tokenFor(to)}` },
        body: JSON.stringify({ ...push, deliveryAttempt }),
      })
      return answer.status
    }
    forward().then(
      (status) => response.writeHead(status).end(),
      () => response.writeHead(502).end(),
    )
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    endpoint: (to, path) => `http://127.0.0.1:${port}/?${new URLSearchParams({ to, path }).toString()}`,
    stop: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

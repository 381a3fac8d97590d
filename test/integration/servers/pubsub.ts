import { existsSync } from 'node:fs'
import { freePort, startServer, type Server } from './server.ts'

/** Of Google's package `google-cloud-cli-pubsub-emulator`. */
const JAR = '/usr/lib/google-cloud-sdk/platform/pubsub-emulator/lib/cloud-pubsub-emulator-0.8.20-all.jar'

/** Google's Pub/Sub emulator. It ignores filters, and pushes without an OIDC token and without `deliveryAttempt`. */
export const startPubsub = async (): Promise<Server> => {
  if (!existsSync(JAR)) throw new Error(`${JAR} is not there: install google-cloud-cli-pubsub-emulator`)
  const port = await freePort()
  return startServer({
    name: 'the Pub/Sub emulator',
    file: 'java',
    args: ['-jar', JAR, '--host=127.0.0.1', `--port=${port}`],
    port,
    isReady: async (origin) => {
      const answer = await fetch(origin, { signal: AbortSignal.timeout(5_000) })
      return answer.status === 200 && (await answer.text()).trim() === 'Ok'
    },
  })
}

import type { IncomingMessage, ServerResponse } from 'node:http'
import { digestSecret } from '@convergence/core/api-key.ts'
import { InvalidConfigError, toPlatformError } from '@convergence/core/errors.ts'
import { complain } from '@convergence/runtime/functions/answer.ts'
import { LazyHost, type Host, type HostOptions } from '@convergence/runtime/functions/host.ts'
import { Requests } from '@convergence/runtime/functions/requests.ts'
import { getRequestListener } from '@hono/node-server'
import { createApi } from './handler.ts'
import packageJson from './package.json' with { type: 'json' }

type Listener = (request: IncomingMessage, response: ServerResponse) => Promise<void>

/** The API as an HTTP function: bodies are read by the API under its own caps, and every answer is its own. */
export const apiFunction = (options: HostOptions): Listener => {
  const host = new LazyHost(options)
  const requests = new Requests({ onStop: () => host.close() })
  let listen: Listener | undefined
  return async (request, response) => {
    requests.reveal(request)
    try {
      listen ??= listenerOf(await host.open())
      await listen(request, response)
    } catch (thrown) {
      complain(options.name, toPlatformError(thrown))
      if (!response.headersSent) response.writeHead(500, { 'content-type': 'application/problem+json' })
      response.end(JSON.stringify(NOT_OPEN))
    }
  }
}

const NOT_OPEN = {
  type: 'urn:convergence:problem:500',
  title: 'The service cannot answer',
  status: 500,
  code: 'INTERNAL',
  detail: 'the service cannot answer: its operator finds the reason in the log',
}

const listenerOf = ({ ports, settings }: Host): Listener => {
  const { apiKeyPepper: pepper, adminKey } = settings
  if (pepper === undefined) throw new InvalidConfigError('set CONVERGENCE_API_KEY_PEPPER: keys are hashed with it')
  const api = createApi({
    ports,
    settings: {
      pepper,
      adminDigest: adminKey === undefined ? undefined : digestSecret(adminKey, pepper),
      corsOrigins: settings.corsOrigins,
      requestsPerMinute: settings.requestsPerMinute,
      version: packageJson.version,
      bucket: settings.bucket,
    },
  })
  return getRequestListener((request) => api.fetch(request), { overrideGlobalObjects: false })
}

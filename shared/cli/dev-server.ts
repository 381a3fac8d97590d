import { digestSecret } from '@convergence/core/api-key.ts'
import { ConflictError } from '@convergence/core/errors.ts'
import { createApi, serveApi, type ApiServer } from '@convergence/api/handler.ts'
import type { Embedded } from './embedded.ts'
import packageJson from './package.json' with { type: 'json' }
import { serveLocal } from './platform/serve-local.ts'

export interface DevServer {
  readonly url: string
  close(): Promise<void>
}

/**
 * The API, and beside it, on an address of its own that only this machine reaches, the way in for other commands: what the project's
 * owner may do must not stand on the API's port.
 */
export const startDevServer = async (embedded: Embedded, port: number | undefined): Promise<DevServer> => {
  const { settings, ports, platform } = embedded
  const token = ports.random.hex(24)
  const api = await listen(createApiOf(embedded), { host: settings.host, port: port ?? settings.port })
  const local = await serveApi(serveLocal(platform, token, ports.log), { host: '127.0.0.1', port: 0 })
  await embedded.announce(local.port, token)
  return {
    url: `http://${urlHost(settings.host)}:${api.port}`,
    close: async () => {
      await Promise.all([api.close(), local.close()])
    },
  }
}

const createApiOf = ({ ports, pepper, settings, deliveries }: Embedded): Parameters<typeof serveApi>[0] => {
  const api = createApi({
    ports,
    deliveries,
    settings: {
      pepper,
      adminDigest: settings.adminKey === undefined ? undefined : digestSecret(settings.adminKey, pepper),
      corsOrigins: settings.corsOrigins,
      requestsPerMinute: settings.requestsPerMinute,
      version: packageJson.version,
      bucket: settings.bucket,
    },
  })
  return (request) => api.fetch(request)
}

const listen = async (
  fetch: Parameters<typeof serveApi>[0],
  at: { host: string; port: number },
): Promise<ApiServer> => {
  try {
    return await serveApi(fetch, at)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    throw new ConflictError(
      `port ${at.port} of ${at.host} is taken by another program: choose one with --port, or 0 for any that is free`,
    )
  }
}

/** An address that a client on this machine can use. */
const urlHost = (host: string): string => {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1'
  return host.includes(':') ? `[${host}]` : host
}

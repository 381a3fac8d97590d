import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { toolFolder, type Tool } from './cache.ts'
import { createVenv } from './python.ts'
import { freePort, okJson, startServer, type Server } from './server.ts'

export const secretManagerTool: Tool = {
  name: 'drongo',
  version: '0.8.0',
  install: async (folder) => {
    await createVenv(folder, ['-r', fileURLToPath(new URL('drongo.txt', import.meta.url))])
  },
}

/** drongo's Secret Manager, REST only; payloads have no checksum. */
export const startSecretManager = async (): Promise<Server> => {
  const folder = await toolFolder(secretManagerTool)
  const port = await freePort()
  return startServer({
    name: 'drongo',
    file: join(folder, 'venv/bin/drongo'),
    args: ['server', '--host', '127.0.0.1', '--port', `${port}`],
    port,
    isReady: async (origin) => Array.isArray((await okJson(`${origin}/v1/projects/ready/secrets`))?.['secrets']),
  })
}

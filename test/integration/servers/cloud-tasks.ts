import { join } from 'node:path'
import { toolFolder, type Tool } from './cache.ts'
import { command } from './command.ts'
import { freePort, okJson, startServer, type Server } from './server.ts'

export const cloudTasksTool: Tool = {
  name: 'cloud-tasks-emulator',
  version: '0.1.3',
  install: (folder) => command('cargo', ['install', '--locked', '--root', folder, 'cloud-tasks-emulator@0.1.3']),
}

/** cloud-tasks-emulator: dispatch, named tasks, retries and rates as documented. It is the issuer of its OIDC tokens too. */
export const startCloudTasks = async (): Promise<Server & { readonly issuer: string }> => {
  const folder = await toolFolder(cloudTasksTool)
  const port = await freePort()
  const issuer = `http://127.0.0.1:${port}`
  const server = await startServer({
    name: 'the Cloud Tasks emulator',
    file: join(folder, 'bin/cloud-tasks-emulator'),
    args: [],
    env: { LISTEN_ADDR: `127.0.0.1:${port}`, OIDC_ISSUER: issuer, QUEUES: '' },
    port,
    isReady: async (origin) => (await okJson(`${origin}/.well-known/openid-configuration`))?.['issuer'] === issuer,
  })
  return { ...server, issuer }
}

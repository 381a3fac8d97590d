import { join } from 'node:path'
import { toolFolder, type Tool } from './cache.ts'
import { command } from './command.ts'
import { flags, freePort, okJson, startServer, type Server } from './server.ts'

export const storageTool: Tool = {
  name: 'fake-gcs-server',
  version: '1.56.1',
  install: (folder) => command('go', ['install', 'github.com/fsouza/fake-gcs-server@v1.56.1'], { GOBIN: folder }),
}

/** Objects that are finalized in the bucket are told to a topic of the Pub/Sub emulator. */
export interface StorageEvents {
  readonly pubsubPort: number
  readonly project: string
  readonly topic: string
  readonly bucket: string
}

/** fake-gcs-server in memory. It ignores preconditions on delete, PATCH and copy, metagenerations, and matchGlob. */
export const startStorage = async (events?: StorageEvents): Promise<Server> => {
  const folder = await toolFolder(storageTool)
  const port = await freePort()
  return startServer({
    name: 'fake-gcs-server',
    file: join(folder, 'fake-gcs-server'),
    args: flags('-', {
      backend: 'memory',
      data: '',
      scheme: 'http',
      host: '127.0.0.1',
      port,
      'external-url': `http://127.0.0.1:${port}`,
      'public-host': `127.0.0.1:${port}`,
      'log-level': 'warn',
      ...(events && eventFlags(events)),
    }),
    env: events ? { PUBSUB_EMULATOR_HOST: `127.0.0.1:${events.pubsubPort}` } : {},
    port,
    isReady: async (origin) => (await okJson(`${origin}/storage/v1/b`))?.['kind'] === 'storage#buckets',
  })
}

const eventFlags = ({ project, topic, bucket }: StorageEvents): Record<string, string> => ({
  'event.pubsub-project-id': project,
  'event.pubsub-topic': topic,
  'event.bucket': bucket,
  'event.list': 'finalize',
})

import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { toolFolder, type Tool } from './cache.ts'
import { command } from './command.ts'
import { createVenv } from './python.ts'
import { flags, freePort, okJson, startServer, type Server } from './server.ts'

const EXTENSIONS = ['icu', 'ducklake', 'httpfs', 'spatial']

export const bigqueryTool: Tool = {
  name: 'local-bigquery',
  version: '0.3.2',
  install: async (folder) => {
    const venv = await createVenv(folder, ['-r', fileURLToPath(new URL('local-bigquery.txt', import.meta.url))])
    await mkdir(join(folder, 'home'))
    const names = EXTENSIONS.map((name) => `'${name}'`).join(',')
    const imports = `import duckdb_extensions as d; [d.import_extension(e) for e in (${names},)]`
    await command(join(venv, 'python'), ['-c', imports], { HOME: join(folder, 'home') })
  },
}

/**
 * local-bigquery on DuckDB; it loads from the storage server. `t$YYYYMMDD` makes a table of that very name, bytes of a dry run are 0,
 * maximumBytesBilled and location are ignored, a copy loses the partitioning, partitions do not expire.
 */
export const startBigquery = async (options: {
  readonly storagePort: number
  readonly project: string
}): Promise<Server> => {
  const folder = await toolFolder(bigqueryTool)
  const data = await mkdtemp(join(tmpdir(), 'convergence-bigquery-'))
  const [port, grpcPort] = [await freePort(), await freePort()]
  const { project } = options
  const remove = (): Promise<void> => rm(data, { recursive: true, force: true })
  try {
    const server = await startServer({
      name: 'local-bigquery',
      file: join(folder, 'venv/bin/local-bigquery'),
      args: flags('--', { host: '127.0.0.1', port, 'grpc-port': grpcPort, project, 'data-dir': data }),
      env: { HOME: join(folder, 'home'), STORAGE_EMULATOR_HOST: `http://127.0.0.1:${options.storagePort}` },
      port,
      // With an extension missing it starts, and answers 400 to everything.
      isReady: async (origin) =>
        (await okJson(`${origin}/bigquery/v2/projects/${project}/datasets`))?.['kind'] === 'bigquery#datasetList',
      startMs: 60_000,
    })
    return {
      port,
      stop: async () => {
        await server.stop()
        await remove()
      },
    }
  } catch (error) {
    await remove()
    throw error
  }
}

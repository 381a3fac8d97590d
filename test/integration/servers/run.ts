// node test/integration/servers/run.ts [--install]: installs the servers, then starts them all until it is interrupted.
import { once } from 'node:events'
import { bigqueryTool, startBigquery } from './bigquery.ts'
import { toolFolder } from './cache.ts'
import { cloudTasksTool, startCloudTasks } from './cloud-tasks.ts'
import { startPubsub } from './pubsub.ts'
import { secretManagerTool, startSecretManager } from './secret-manager.ts'
import { startStorage, storageTool } from './storage.ts'

for (const tool of [secretManagerTool, bigqueryTool, storageTool, cloudTasksTool]) {
  const started = Date.now()
  await toolFolder(tool)
  console.log(`${tool.name} ${tool.version} is there (${((Date.now() - started) / 1000).toFixed(1)} s)`)
}

if (!process.argv.includes('--install')) {
  const pubsub = await startPubsub()
  const tasks = await startCloudTasks()
  const storage = await startStorage()
  const bigquery = await startBigquery({ storagePort: storage.port, project: 'p1' })
  const secrets = await startSecretManager()
  const servers = { pubsub, tasks, storage, bigquery, secrets }
  for (const [name, { port }] of Object.entries(servers)) console.log(`${name} http://127.0.0.1:${port}`)
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
  for (const { stop } of Object.values(servers)) await stop()
}

import { expect, test } from 'vitest'
import { startBigquery } from './bigquery.ts'
import { startCloudTasks } from './cloud-tasks.ts'
import { startPubsub } from './pubsub.ts'
import { startSecretManager } from './secret-manager.ts'
import { freePort, okJson, startServer } from './server.ts'
import { startStorage } from './storage.ts'

test('every server starts on a port of its own, answers what it should, and is gone after its stop', async () => {
  const storage = await startStorage()
  const bigquery = await startBigquery({ storagePort: storage.port, project: 'p1' })
  const others = [await startPubsub(), await startCloudTasks(), await startSecretManager()]
  const servers = [storage, bigquery, ...others]
  expect(new Set(servers.map(({ port }) => port)).size).toBe(servers.length)
  expect(await okJson(`http://127.0.0.1:${bigquery.port}/bigquery/v2/projects/p1/datasets`)).toBeDefined()
  for (const { stop } of servers) await stop()
  for (const { port } of servers) await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow('fetch failed')
}, 120_000)

test('a server that answers something else is not taken for ready, and does not stay behind', async () => {
  const port = await freePort()
  const args = ['-e', `require('http').createServer((_, answer) => answer.end('{}')).listen(${port})`]
  const isReady = async (origin: string): Promise<boolean> => (await okJson(origin))?.['kind'] === 'right'
  const starting = startServer({ name: 'it', file: process.execPath, args, port, isReady, startMs: 1_000 })
  await expect(starting).rejects.toThrow('it does not start: no right answer within 1000 ms')
  await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow('fetch failed')
})

test('a server that cannot be started says so', async () => {
  const args: string[] = ['-e', 'console.error("no room"); process.exit(3)']
  const isReady = (): Promise<boolean> => Promise.resolve(false)
  const starting = startServer({ name: 'it', file: process.execPath, args, port: await freePort(), isReady })
  await expect(starting).rejects.toThrow(/it ended by code 3\nno room/)
})

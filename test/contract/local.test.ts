import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { systemClock } from '@convergence/local/clock.ts'
import { LocalDatabase } from '@convergence/local/database/database.ts'
import { LocalHost } from '@convergence/local/host.ts'
import { FileObjectStore } from '@convergence/local/object-store.ts'
import { SqliteMessageBus } from '@convergence/local/message-bus.ts'
import { systemRandom } from '@convergence/local/random.ts'
import { FileSecretStore } from '@convergence/local/secret-store.ts'
import { SqliteStateStore } from '@convergence/local/state-store.ts'
import { SqliteTaskQueue } from '@convergence/local/task-queue.ts'
import { ManualTime } from '@convergence/local/testing/manual-time.ts'
import { silentLog } from '@convergence/local/testing/silent-log.ts'
import { TemporaryFolders } from '@convergence/local/testing/temporary-folders.ts'
import type { DeliveryHarness } from './deliveries.ts'
import { messageBusContract } from './message-bus.contract.ts'
import { objectStoreContract } from './object-store.contract.ts'
import { secretStoreContract } from './secret-store.contract.ts'
import { stateStoreContract } from './state-store.contract.ts'
import { taskQueueContract } from './task-queue.contract.ts'

const folders = new TemporaryFolders()
const closing: (() => Promise<void>)[] = []
afterAll(async () => {
  for (const close of closing.toReversed()) await close()
  await folders.remove()
})

const openDatabase = async (): Promise<LocalDatabase> => {
  const database = await LocalDatabase.open(join(await folders.make(), 'state.db'))
  closing.push(() => database.close())
  return database
}

const policy = { concurrency: 2, maxAttempts: 5, minBackoffMs: 100, maxBackoffMs: 10_000 }

const deliveryHarness = async <Port>(makePort: (database: LocalDatabase, time: ManualTime) => Port) => {
  const database = await openDatabase()
  const time = new ManualTime()
  let host: LocalHost | undefined
  const deliver: DeliveryHarness<Port>['deliver'] = async (handlers, taskHandlers) => {
    host = new LocalHost({
      database,
      clock: time,
      timer: time.timer,
      random: systemRandom,
      log: silentLog,
      handlers,
      taskHandlers,
      topics: { ingest: policy },
      queues: { chunks: policy, runs: policy },
    })
    closing.push(() => host!.stop())
    await host.start()
  }
  return {
    port: makePort(database, time),
    deliver,
    settle: async () => time.runUntil(host!.idle()),
    deadLetters: async () => {
      const letters = await database.call('listDeadLetters', 100)
      return letters.map(({ payload }) => JSON.parse(payload) as unknown)
    },
    nowMs: () => time.nowMs(),
  }
}

const objectStoreHarness = async (bucket: string) => {
  const folder = await folders.make()
  const store = new FileObjectStore({
    database: await openDatabase(),
    clock: systemClock,
    random: systemRandom,
    folder: join(folder, '.convergence'),
    platformBuckets: ['convergence'],
  })
  return { port: store, bucket, folder }
}

objectStoreContract('FileObjectStore (blobs)', () => objectStoreHarness('convergence'))
objectStoreContract('FileObjectStore (folder)', () => objectStoreHarness('uploads'))
const secretStoreHarness = async () => {
  const root = await folders.make()
  const write = async (tenant: string, name: string, text: string) => {
    const folder = join(root, 'configs', tenant, 'secrets')
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, `${name}.txt`), text, { mode: 0o600 })
  }
  await mkdir(join(root, 'configs'))
  return { port: new FileSecretStore({ root }), write }
}

secretStoreContract('FileSecretStore', secretStoreHarness)
stateStoreContract('SqliteStateStore', async () => new SqliteStateStore(await openDatabase()))
messageBusContract('SqliteMessageBus', () => deliveryHarness((database, time) => new SqliteMessageBus(database, time)))
taskQueueContract('SqliteTaskQueue', () => deliveryHarness((database, time) => new SqliteTaskQueue(database, time)))

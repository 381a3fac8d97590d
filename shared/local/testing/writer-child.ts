import { join } from 'node:path'
import { systemClock } from '../clock.ts'
import { LocalDatabase } from '../database/database.ts'
import { SqliteMessageBus } from '../message-bus.ts'
import { FileObjectStore } from '../object-store.ts'
import { systemRandom } from '../random.ts'
import { SqliteStateStore } from '../state-store.ts'

/** Writes entries, objects and messages as fast as it can, and prints the number of each one that was acknowledged, until it is killed. */
const folder = process.argv[2]!
const first = Number(process.argv[3])
const database = await LocalDatabase.open(join(folder, 'state.db'))
const state = new SqliteStateStore(database)
const bus = new SqliteMessageBus(database, systemClock)
const objects = new FileObjectStore({
  database,
  clock: systemClock,
  random: systemRandom,
  folder,
  platformBuckets: ['convergence'],
})

const writer = async (lane: number) => {
  for (let number = first + lane; ; number += 8) {
    const body = new Uint8Array(20_000).fill(number % 256)
    await objects.put({ bucket: 'convergence', name: `acme/${number}.parquet` }, body, { ifGeneration: null })
    await state.compareAndSet(`numbers/${number}`, null, number)
    await bus.publish('ingest', { version: 1, trace: '', type: 'step.run', runId: 'r', stepId: String(number) })
    process.stdout.write(`${number}\n`)
  }
}
await Promise.all(Array.from({ length: 8 }, (_, lane) => writer(lane)))

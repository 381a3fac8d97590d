import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { systemClock } from './clock.ts'
import { LocalDatabase } from './database/database.ts'
import { FileObjectStore } from './object-store.ts'
import { systemRandom } from './random.ts'
import { SqliteStateStore } from './state-store.ts'
import { startChild } from './testing/start-child.ts'
import { TemporaryFolders } from './testing/temporary-folders.ts'

const folders = new TemporaryFolders()
afterAll(() => folders.remove())

const ROUNDS = 6

test('whatever was acknowledged is there, and whole, after the process was killed again and again', async () => {
  const folder = await folders.make()
  const acknowledged: number[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    const writer = startChild(new URL('testing/writer-child.ts', import.meta.url), [folder, String(round * 100_000)])
    await writer.printed(20 + round * 7)
    await writer.kill()
    // The last line may be cut.
    acknowledged.push(...writer.lines.slice(0, -1).map(Number))
  }
  const database = await LocalDatabase.open(join(folder, 'state.db'))
  const state = new SqliteStateStore(database)
  const store = new FileObjectStore({
    database,
    clock: systemClock,
    random: systemRandom,
    folder,
    platformBuckets: ['convergence'],
  })
  await store.sweep()
  for (const number of acknowledged) {
    expect((await state.get<number>(`numbers/${number}`))?.value).toBe(number)
    const pieces = await Array.fromAsync(store.read({ bucket: 'convergence', name: `acme/${number}.parquet` }))
    expect(Buffer.concat(pieces).equals(new Uint8Array(20_000).fill(number % 256))).toBe(true)
  }
  const channels = [{ channel: 'topics/ingest', limit: 1_000_000 }]
  const { claimed } = await database.call('claim', { channels, nowMs: Number.MAX_SAFE_INTEGER })
  const delivered = new Set(claimed.map(({ payload }) => Number((JSON.parse(payload) as { stepId: string }).stepId)))
  expect(acknowledged.filter((number) => !delivered.has(number))).toEqual([])
  expect(acknowledged.length).toBeGreaterThan(ROUNDS * 15)
  await database.close()
})

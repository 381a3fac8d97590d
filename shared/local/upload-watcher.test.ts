import { appendFile, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { UploadEvent } from '@convergence/core/messages.ts'
import { uploadEvent } from '@convergence/core/messages.ts'
import { systemClock } from './clock.ts'
import { LocalDatabase } from './database/database.ts'
import { systemTimer } from './delivery/timer.ts'
import { FileObjectStore } from './object-store.ts'
import { systemRandom } from './random.ts'
import { ManualTime } from './testing/manual-time.ts'
import { silentLog } from './testing/silent-log.ts'
import { TemporaryFolders } from './testing/temporary-folders.ts'
import { UploadWatcher } from './upload-watcher.ts'

const folders = new TemporaryFolders()
let folder: string
let database: LocalDatabase
let time: ManualTime
let watcher: UploadWatcher

const makeWatcher = (timing: {
  clock: typeof systemClock
  timer: typeof systemTimer
  stableMs: number
  scanEveryMs: number
}) =>
  new UploadWatcher({
    database,
    objects: new FileObjectStore({ database, clock: time, random: systemRandom, folder, platformBuckets: [] }),
    folder: join(folder, 'buckets'),
    random: systemRandom,
    log: silentLog,
    ...timing,
  })
const manual = () => makeWatcher({ clock: time, timer: time.timer, stableMs: 1_000, scanEveryMs: 10_000 })

beforeEach(async () => {
  folder = await folders.make()
  database = await LocalDatabase.open(join(folder, 'state.db'))
  time = new ManualTime()
  await mkdir(join(folder, 'buckets', 'uploads'), { recursive: true })
})
afterEach(async () => {
  await watcher.stop()
  await database.close()
  await folders.remove()
})

/** Looks at all files halfway and at the end. */
const pass = async (ms: number) => {
  for (let half = 0; half < 2; half += 1) {
    time.advance(ms / 2)
    await watcher.scan()
  }
}

const file = (name: string) => join(folder, 'buckets', 'uploads', name)

const announced = async (): Promise<UploadEvent[]> => {
  const { claimed } = await database.call('claim', {
    channels: [{ channel: 'topics/uploads', limit: 100 }],
    nowMs: Number.MAX_SAFE_INTEGER,
  })
  return claimed.map(({ payload }) => uploadEvent.parse(JSON.parse(payload)))
}

test('files that are there at the start are announced once they stayed as they are, also after a restart only once', async () => {
  await writeFile(file('a.csv'), 'a')
  await mkdir(file('deep'))
  await writeFile(file('deep/b.csv'), 'bb')
  await writeFile(file('.hidden'), 'x')
  watcher = manual()
  await watcher.start()
  await pass(100)
  expect(await announced()).toEqual([])
  await pass(5_000)
  expect(await announced()).toMatchObject([
    { type: 'object.finalized', bucket: 'uploads', name: 'a.csv', size: 1 },
    { type: 'object.finalized', bucket: 'uploads', name: 'deep/b.csv', size: 2 },
  ])
  await watcher.stop()
  watcher = manual()
  await watcher.start()
  await pass(30_000)
  expect(await announced()).toEqual([])
})

test('a file that still grows is not announced before it stops', async () => {
  await writeFile(file('a.csv'), '1')
  watcher = manual()
  await watcher.start()
  for (let round = 0; round < 5; round += 1) {
    await pass(900)
    await appendFile(file('a.csv'), 'more')
  }
  expect(await announced()).toEqual([])
  await pass(5_000)
  expect(await announced()).toMatchObject([{ name: 'a.csv', size: 21 }])
})

test('a new content is announced again, a deleted file is not', async () => {
  await writeFile(file('a.csv'), 'first')
  await writeFile(file('b.csv'), 'gone soon')
  watcher = manual()
  await watcher.start()
  await pass(100)
  await rm(file('b.csv'))
  await pass(5_000)
  const [first] = await announced()
  expect(first).toMatchObject({ name: 'a.csv' })
  await writeFile(file('a.csv'), 'second, longer')
  await pass(15_000)
  const again = await announced()
  expect(again).toMatchObject([{ name: 'a.csv', size: 14 }])
  expect(again[0]!.generation).not.toBe(first!.generation)
})

test('a file that is dropped while it watches is announced without a scan', async () => {
  watcher = makeWatcher({ clock: systemClock, timer: systemTimer, stableMs: 20, scanEveryMs: 3_600_000 })
  const raised = new Promise<void>((resolve) => database.enqueued.listen(resolve))
  await watcher.start()
  await watcher.scan()
  await mkdir(file('new'))
  await writeFile(file('new/a.csv'), 'a')
  await writeFile(file('b.csv'), 'b')
  await raised
  await watcher.stop()
  expect((await announced()).length).toBeGreaterThan(0)
})

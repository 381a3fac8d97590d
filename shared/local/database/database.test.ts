import { copyFile, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, expect, test } from 'vitest'
import { TemporaryFolders } from '../testing/temporary-folders.ts'
import { LocalDatabase } from './database.ts'

const folders = new TemporaryFolders()
afterAll(() => folders.remove())

const freshPath = async () => join(await folders.make(), 'state.db')

test('a call that fails takes none of those along that share its commit', async () => {
  const database = await LocalDatabase.open(await freshPath())
  const results = await Promise.allSettled([
    database.call('setState', { key: 'a', expected: null, value: '1' }),
    // Against the NOT NULL of its column.
    database.call('setState', { key: 'b', expected: null, value: null as unknown as string }),
    database.call('setState', { key: 'c', expected: null, value: '3' }),
  ])
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  const rows = await database.call('listState', { prefix: '', after: '', limit: 9 })
  expect(rows.map(({ key }) => key)).toEqual(['a', 'c'])
  await database.close()
})

test('calls before a close are answered, those after it are refused', async () => {
  const path = await freshPath()
  const database = await LocalDatabase.open(path)
  const last = database.call('setState', { key: 'a', expected: null, value: '1' })
  await database.close()
  expect(await last).toHaveProperty('version')
  await expect(database.call('getState', 'a')).rejects.toThrow('is closed')
  const again = await LocalDatabase.open(path)
  expect(await again.call('getState', 'a')).toMatchObject({ value: '1' })
  await again.close()
})

test('a damaged file is named with what to do, and is no reason to try again', async () => {
  const path = await freshPath()
  await writeFile(path, 'not a database, '.repeat(500))
  const opening = LocalDatabase.open(path)
  await expect(opening).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: false })
  await expect(opening).rejects.toThrow(`${path} is damaged`)
})

test.each([0.2, 0.6, 0.95])(
  'a file of which only the first %d are left is refused, although the WAL of a killed process hides it',
  async (share) => {
    const path = await freshPath()
    const database = await LocalDatabase.open(path)
    // Beyond 4 MB SQLite moves what is in the WAL into the file.
    const write = (key: string, bytes: number) =>
      database.call('setState', { key, expected: null, value: 'x'.repeat(bytes) })
    await write('a', 6_000_000)
    await write('b', 100_000)
    const left = join(path, '../left.db')
    await copyFile(path, left)
    await copyFile(`${path}-wal`, `${left}-wal`)
    await database.close()
    await truncate(left, Math.floor((await stat(left)).size * share))
    await expect(LocalDatabase.open(left)).rejects.toThrow(`${left} is damaged (its end is missing): restore it`)
  },
)

test('a file of a newer version is refused', async () => {
  const path = await freshPath()
  await (await LocalDatabase.open(path)).close()
  const database = new DatabaseSync(path)
  database.exec('PRAGMA user_version = 1000')
  database.close()
  await expect(LocalDatabase.open(path)).rejects.toThrow('newer version')
})

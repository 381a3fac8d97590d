import { chmod, mkdir, readdir, readFile, symlink, utimes, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock } from './clock.ts'
import { LocalDatabase } from './database/database.ts'
import { FileObjectStore } from './object-store.ts'
import { systemRandom } from './random.ts'
import { TemporaryFolders } from './testing/temporary-folders.ts'

const folders = new TemporaryFolders()
let folder: string
let database: LocalDatabase
let store: FileObjectStore

beforeEach(async () => {
  folder = await folders.make()
  database = await LocalDatabase.open(join(folder, 'state.db'))
  store = makeStore()
})
afterEach(async () => {
  await database.close()
  await folders.remove()
})

const makeStore = () =>
  new FileObjectStore({ database, clock: systemClock, random: systemRandom, folder, platformBuckets: ['convergence'] })

const drop = async (name: string, text: string) => {
  const path = join(folder, 'buckets', 'uploads', name)
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, text)
  return path
}
const textOf = async (pieces: AsyncIterable<Uint8Array>) => Buffer.concat(await Array.fromAsync(pieces)).toString()
const blobs = async () => (await readdir(store.blobFolder, { recursive: true })).filter((name) => name.includes('/'))
const part = { bucket: 'convergence', name: 'acme/part.parquet' }
const bytes = new Uint8Array(20_000).fill(7)

test('a part has a file from the moment that it is there, and a small document has none', async () => {
  await store.put(part, bytes, { ifGeneration: null })
  expect(await readFile(store.localPath(part))).toEqual(Buffer.from(bytes))
  expect(store.localPath(part).startsWith(store.blobFolder)).toBe(true)
  const marker = { bucket: 'convergence', name: 'acme/marker.json' }
  await store.put(marker, bytes.subarray(0, 10), { ifGeneration: null })
  expect(() => store.localPath(marker)).toThrow('has no file')
  expect(() => store.localPath({ ...part, name: 'acme/none' })).toThrow('has no file')
})

test('replaced, deleted and refused content leaves no file behind', async () => {
  const first = await store.put(part, bytes, { ifGeneration: null })
  if (first.outcome !== 'written') throw new Error('not written')
  await store.put(part, bytes, { ifGeneration: 'another' })
  expect(await blobs()).toHaveLength(1)
  const second = await store.put(part, bytes, { ifGeneration: first.meta.generation })
  if (second.outcome !== 'written') throw new Error('not written')
  expect(await blobs()).toHaveLength(1)
  await store.delete(part, second.meta.generation)
  expect(await blobs()).toEqual([])
})

test('the sweep removes what a crash left, and nothing that an object names', async () => {
  await store.put(part, bytes, { ifGeneration: null })
  const orphan = join(store.blobFolder, 'ab', `ab${'0'.repeat(30)}`)
  await mkdir(dirname(orphan), { recursive: true })
  await writeFile(orphan, 'torn')
  expect(await makeStore().sweep()).toBe(1)
  expect(await blobs()).toHaveLength(1)
  expect(await textOf(store.read(part))).toHaveLength(20_000)
})

test('a reader that has begun gets all of its object, though it is replaced meanwhile', async () => {
  const large = new Uint8Array(1_000_000).fill(1)
  const written = await store.put(part, large, { ifGeneration: null })
  if (written.outcome !== 'written') throw new Error('not written')
  const reader = store.read(part)[Symbol.asyncIterator]()
  let length = (await reader.next()).value!.length
  await store.put(part, bytes, { ifGeneration: written.meta.generation })
  for (let next = await reader.next(); !next.done; next = await reader.next()) length += next.value.length
  expect(length).toBe(1_000_000)
})

test('a file that a person dropped is an object; another content is another generation, another mode is not', async () => {
  const path = await drop('openai/day.csv', 'a,b')
  const ref = { bucket: 'uploads', name: 'openai/day.csv' }
  const meta = (await store.head(ref))!
  expect(meta).toMatchObject({ ...ref, size: 3 })
  await chmod(path, 0o600)
  expect((await store.head(ref))!.generation).toBe(meta.generation)
  await writeFile(path, 'c,d')
  await utimes(path, new Date(), new Date(meta.updatedMs + 5_000))
  expect((await store.head(ref))!.generation).not.toBe(meta.generation)
  await expect(textOf(store.read(ref, { generation: meta.generation }))).rejects.toMatchObject({ code: 'NOT_FOUND' })
  expect(await textOf(store.read(ref))).toBe('c,d')
})

test('hidden and temporary files are no objects, and a folder without files is empty', async () => {
  for (const name of ['.hidden', '.git/config', 'a.csv.part', 'b.tmp', 'c.csv~', 'd.crdownload', 'seen.csv'])
    await drop(name, 'x')
  expect((await store.list('uploads', '')).objects.map(({ name }) => name)).toEqual(['seen.csv'])
  expect(await store.list('other', '')).toEqual({ objects: [] })
  await expect(store.head({ bucket: 'uploads', name: '.hidden' })).rejects.toMatchObject({ code: 'FORBIDDEN' })
})

test('no name and no link leads out of a bucket', async () => {
  await writeFile(join(folder, 'outside.csv'), 'secret')
  await drop('inside.csv', 'fine')
  const bucket = join(folder, 'buckets', 'uploads')
  await symlink(join(folder, 'outside.csv'), join(bucket, 'link.csv'))
  await symlink(folder, join(bucket, 'folder'))
  await symlink(join(bucket, 'inside.csv'), join(bucket, 'within.csv'))
  for (const name of ['../outside.csv', 'a/../../outside.csv', '/etc/passwd', 'link.csv', 'folder/outside.csv']) {
    const ref = { bucket: 'uploads', name }
    await expect(store.head(ref)).rejects.toMatchObject({ code: 'FORBIDDEN' })
    await expect(textOf(store.read(ref))).rejects.toMatchObject({ code: 'FORBIDDEN' })
  }
  const put = store.put({ bucket: 'uploads', name: 'folder/new/x.csv' }, bytes, { ifGeneration: null })
  await expect(put).rejects.toMatchObject({ code: 'FORBIDDEN' })
  expect(await readdir(folder)).not.toContain('new')
  expect((await store.list('uploads', '')).objects.map(({ name }) => name)).toEqual(['inside.csv', 'within.csv'])
  await expect(store.head({ bucket: '../buckets', name: 'x' })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
})

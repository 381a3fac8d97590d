import { writeFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { crc32c, crc32cText } from '@convergence/core/crc32c.ts'
import { openClients } from '@convergence/gcp/clients.ts'
import { fromStorageError } from '@convergence/gcp/errors/storage.ts'
import { upload } from '@convergence/gcp/objects/upload.ts'
import { CloudStorageStateStore } from '@convergence/gcp/state-store.ts'
import { TemporaryFolders } from '@convergence/local/testing/temporary-folders.ts'
import { startStorage } from '../../integration/servers/storage.ts'
import { startStorageProxy, type StorageFaults } from './storage-proxy.ts'
import { openObjects } from './storage.ts'

const folders = new TemporaryFolders()
const server = await startStorage()
const closing = [server.stop, () => folders.remove()]
afterAll(async () => {
  for (const close of closing.toReversed()) await close()
})

const throughFaults = async (faults: StorageFaults) => {
  const bucket = 'faults'
  await openObjects(server.port, bucket)
  const proxy = await startStorageProxy(server.port, faults)
  closing.push(proxy.stop)
  return { bucket, objects: await openObjects(proxy.port, bucket) }
}

const isUpload = ({ method, url = '' }: IncomingMessage) => method === 'POST' && url.startsWith('/upload/')
const isDownload = ({ method, url = '' }: IncomingMessage) => method === 'GET' && url.includes('alt=media')
const bytes = (text: string) => new TextEncoder().encode(text)
const textOf = async (pieces: AsyncIterable<Uint8Array>) =>
  Buffer.concat(await Array.fromAsync(pieces)).toString('latin1')

/** True for the first of these requests only. */
const firstOf = (matches: (request: IncomingMessage) => boolean) => {
  let count = 0
  return (request: IncomingMessage) => matches(request) && (count += 1) === 1
}

test('a write whose answer was lost is recognised as one’s own', async () => {
  const { bucket, objects } = await throughFaults({ loseAnswer: firstOf(isUpload) })
  const ref = { bucket, name: 'acme/lost/create' }
  const created = await objects.put(ref, bytes('mine'), { ifGeneration: null })
  expect(created).toMatchObject({ outcome: 'written', meta: { size: 4 } })
  expect(created).toMatchObject({ meta: { generation: (await objects.head(ref))!.generation } })
  expect(await textOf(objects.read(ref))).toBe('mine')
})

test('a conflict after a lost answer is another’s when another’s object stands there', async () => {
  const ref = { bucket: 'faults', name: 'acme/lost/other' }
  const direct = await openObjects(server.port, 'faults')
  await direct.put(ref, bytes('same'), { ifGeneration: null })
  const { objects } = await throughFaults({ loseAnswer: firstOf(isUpload) })
  expect(await objects.put(ref, bytes('same'), { ifGeneration: null })).toEqual({ outcome: 'conflict' })
})

test('a compare-and-set whose answer was lost happened once', async () => {
  let count = 0
  const { bucket, objects } = await throughFaults({
    loseAnswer: (request) => isUpload(request) && (count += 1) % 2 === 1,
  })
  const state = new CloudStorageStateStore({ objects, bucket })
  const first = await state.compareAndSet('runs/lost', null, 1)
  expect(first.outcome).toBe('written')
  const second = await state.compareAndSet('runs/lost', first.outcome === 'written' ? first.version : null, 2)
  expect(second.outcome).toBe('written')
  expect(await state.get('runs/lost')).toMatchObject({ value: 2 })
})

test('a read whose connection breaks goes on where it broke, in the same generation', async () => {
  let reads = 0
  const { bucket, objects } = await throughFaults({
    breakAfterBytes: (request) => (isDownload(request) && (reads += 1) < 3 ? 300_000 : undefined),
  })
  const content = Uint8Array.from({ length: 1_000_000 }, (_, index) => (index * 31) % 251)
  const ref = { bucket, name: 'acme/broken' }
  await objects.put(ref, content, { ifGeneration: null })
  expect((await textOf(objects.read(ref))) === Buffer.from(content).toString('latin1')).toBe(true)
  expect(reads).toBe(3)
})

test('a reader that stops early disturbs no other', async () => {
  const objects = await openObjects(server.port, 'faults')
  const ref = { bucket: 'faults', name: 'acme/stopped' }
  await objects.put(ref, new Uint8Array(5_000_000).fill(7), { ifGeneration: null })
  const stopEarly = async () => {
    for await (const piece of objects.read(ref)) return piece.length
    return 0
  }
  const readAll = async () => (await textOf(objects.read(ref))).length
  const write = async (count: number) => {
    const put = await objects.put({ bucket: 'faults', name: `acme/beside/${count}` }, bytes('x'), {
      ifGeneration: null,
    })
    return put.outcome
  }
  for (let round = 0; round < 5; round += 1) {
    const [early, whole, written] = await Promise.all([stopEarly(), readAll(), write(round)])
    expect(early).toBeLessThan(5_000_000)
    expect([whole, written]).toEqual([5_000_000, 'written'])
  }
})

test('what arrives with another checksum never becomes an object', async () => {
  const storage = await openClients('p1', { storage: `127.0.0.1:${server.port}` }).storage()
  const objects = await openObjects(server.port, 'faults')
  for (const size of [5, 10_000_000]) {
    const file = storage.bucket('faults').file(`acme/corrupt/${size}`)
    const wrong = { ifGeneration: null, crc32c: 'AAAAAA==', contentType: 'text/plain', metadata: {} }
    const error: unknown = await upload(file, new Uint8Array(size).fill(1), wrong).then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    expect(fromStorageError(error, 'it')).toMatchObject({ code: 'UNAVAILABLE', details: { status: 400 } })
    expect(await objects.head({ bucket: 'faults', name: file.name })).toBeUndefined()
  }
})

test('a large file goes up in chunks of one session, once, and not over another’s object', async () => {
  const objects = await openObjects(server.port, 'faults')
  const content = Buffer.alloc(40_000_000, 'convergence')
  const path = join(await folders.make(), 'part.parquet')
  await writeFile(path, content)
  const ref = { bucket: 'faults', name: 'acme/large' }
  const put = await objects.put(ref, { path }, { ifGeneration: null })
  expect(put).toMatchObject({
    outcome: 'written',
    meta: { size: content.length, crc32c: crc32cText(crc32c(content)) },
  })
  expect(await objects.put(ref, { path }, { ifGeneration: null })).toEqual({ outcome: 'conflict' })
  expect(await textOf(objects.read(ref, { start: 39_999_995 }))).toBe(content.subarray(39_999_995).toString('latin1'))
})

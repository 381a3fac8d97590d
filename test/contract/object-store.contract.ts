import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { crc32c, crc32cText } from '@convergence/core/crc32c.ts'
import type { ObjectBody, ObjectMeta, ObjectRef, ObjectStore } from '@convergence/core/ports/object-store.ts'

export interface ObjectStoreHarness {
  readonly port: ObjectStore
  readonly bucket: string
  /** For bodies that are files. */
  readonly folder: string
}

const bytes = (text: string) => new TextEncoder().encode(text)
const large = Uint8Array.from({ length: 700_001 }, (_, index) => (index * 7) % 251)

const contentOf = async (pieces: AsyncIterable<Uint8Array>): Promise<Buffer> =>
  Buffer.concat(await Array.fromAsync(pieces))
const textOf = async (pieces: AsyncIterable<Uint8Array>) => (await contentOf(pieces)).toString()

/** What every ObjectStore must do. Names of one test start with its own prefix: the bucket may be shared. */
export const objectStoreContract = (name: string, makePort: () => Promise<ObjectStoreHarness>): void => {
  describe(`${name} as ObjectStore`, () => {
    let store: ObjectStore
    let bucket: string
    let folder: string
    beforeAll(async () => {
      ;({ port: store, bucket, folder } = await makePort())
    })
    let count = 0
    const freshRef = (ending = 'json'): ObjectRef => ({ bucket, name: `acme/${(count += 1)}/object.${ending}` })

    const write = async (ref: ObjectRef, body: ObjectBody, ifGeneration: string | null = null): Promise<ObjectMeta> => {
      const result = await store.put(ref, body, { ifGeneration })
      if (result.outcome !== 'written') throw new Error(`${ref.name} was not written`)
      return result.meta
    }

    test('what was put is read back, whole and by ranges, small and large', async () => {
      const contents = [bytes(''), bytes('hello'), large]
      for (const [content, ending] of contents.flatMap((each) => [
        [each, 'json'] as const,
        [each, 'parquet'] as const,
      ])) {
        const ref = freshRef(ending)
        const meta = await write(ref, content)
        expect(meta).toMatchObject({ ...ref, size: content.length, crc32c: crc32cText(crc32c(content)) })
        const { crc32c: _, ...known } = meta
        expect(await store.head(ref)).toMatchObject(known)
        expect(await contentOf(store.read(ref))).toEqual(Buffer.from(content))
        for (const [start, end] of [
          [0, 1],
          [1, 4],
          [300_000, 600_000],
          [3, 3],
          [2, 9_999_999],
          [9_999_999, undefined],
        ] as const) {
          const range = { start, ...(end !== undefined && { end }) }
          expect(await contentOf(store.read(ref, range))).toEqual(Buffer.from(content.subarray(start, end)))
        }
      }
    })

    test('a body may be a finished file', async () => {
      const path = join(folder, 'part.parquet')
      await writeFile(path, large)
      const ref = freshRef()
      expect(await write(ref, { path })).toMatchObject({ size: large.length, crc32c: crc32cText(crc32c(large)) })
      expect(await contentOf(store.read(ref))).toEqual(Buffer.from(large))
    })

    test('an object that is not there has no metadata and cannot be read', async () => {
      const ref = freshRef()
      expect(await store.head(ref)).toBeUndefined()
      await expect(textOf(store.read(ref))).rejects.toMatchObject({ code: 'NOT_FOUND' })
    })

    test('a put with another generation than the object has changes nothing', async () => {
      const ref = freshRef()
      expect(await store.put(ref, bytes('x'), { ifGeneration: '1' })).toEqual({ outcome: 'conflict' })
      const first = await write(ref, bytes('first'))
      expect(await store.put(ref, bytes('x'), { ifGeneration: null })).toEqual({ outcome: 'conflict' })
      const second = await write(ref, large, first.generation)
      expect(second.generation).not.toBe(first.generation)
      expect(await store.put(ref, bytes('x'), { ifGeneration: first.generation })).toEqual({ outcome: 'conflict' })
      expect(await contentOf(store.read(ref))).toEqual(Buffer.from(large))
    })

    test('a generation that was replaced is not read', async () => {
      const ref = freshRef()
      const { generation } = await write(ref, bytes('first'))
      expect(await textOf(store.read(ref, { generation }))).toBe('first')
      await write(ref, bytes('other'), generation)
      await expect(textOf(store.read(ref, { generation }))).rejects.toMatchObject({ code: 'NOT_FOUND' })
      expect(await textOf(store.read(ref))).toBe('other')
    })

    test('a delete takes the expected generation only, and is true for what is gone already', async () => {
      const ref = freshRef()
      const { generation } = await write(ref, bytes('content'))
      expect(await store.delete(ref, `${generation}9`)).toBe(false)
      expect(await textOf(store.read(ref))).toBe('content')
      expect(await store.delete(ref, generation)).toBe(true)
      expect(await store.delete(ref, generation)).toBe(true)
      expect(await store.head(ref)).toBeUndefined()
    })

    test('a listing gives the objects of a prefix by name, page by page, as they are right now', async () => {
      const prefix = `acme/${(count += 1)}/list`
      const names = ['/10', '/2', '/a', '/a-b', '/b/c', '/b/d', 'ing'].map((end) => prefix + end)
      for (const each of names) await write({ bucket, name: each }, bytes(each))
      const listed: ObjectMeta[] = []
      let pageToken: string | undefined
      do {
        const page = await store.list(bucket, prefix, { limit: 3, ...(pageToken && { pageToken }) })
        expect(page.objects.length).toBeLessThanOrEqual(3)
        listed.push(...page.objects)
        pageToken = page.nextPageToken
      } while (pageToken)
      expect(listed.map((meta) => meta.name)).toEqual(names.toSorted())
      expect(listed.every((meta) => meta.size === meta.name.length)).toBe(true)
      await store.delete(listed[0]!, listed[0]!.generation)
      expect((await store.list(bucket, `${prefix}/`)).objects).toHaveLength(5)
      expect((await store.list(bucket, `${prefix}/b/`)).objects.map((meta) => meta.name)).toEqual([names[4], names[5]])
      expect(await store.list(bucket, `${prefix}/none`)).toEqual({ objects: [] })
    })

    test('of writers that race to create one object exactly one wins, and its content is whole', async () => {
      for (const size of [10, 100_000]) {
        const ref = freshRef()
        const bodies = Array.from({ length: 8 }, (_, writer) => new Uint8Array(size).fill(writer + 1))
        const results = await Promise.all(bodies.map((body) => store.put(ref, body, { ifGeneration: null })))
        const winners = results.flatMap(({ outcome }, index) => (outcome === 'written' ? [index] : []))
        expect(winners).toHaveLength(1)
        expect(await contentOf(store.read(ref))).toEqual(Buffer.from(bodies[winners[0]!]!))
      }
    })

    test('no update is lost among writers that read, change and put until it holds', async () => {
      const writers = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 2, maxLength: 4 })
      await fc.assert(
        fc.asyncProperty(writers, fc.constantFrom(0, 20_000), async (additions, padding) => {
          const ref = freshRef()
          const numberIn = async (meta: ObjectMeta) =>
            Number((await textOf(store.read(ref, { generation: meta.generation }))).trim())
          const add = async (): Promise<void> => {
            const meta = await store.head(ref)
            // Replaced between the two: as good as a conflict.
            const before = meta ? await numberIn(meta).catch(() => undefined) : 0
            if (before === undefined) return add()
            const body = bytes(String(before + 1) + ' '.repeat(padding))
            const result = await store.put(ref, body, { ifGeneration: meta?.generation ?? null })
            if (result.outcome === 'conflict') await add()
          }
          await Promise.all(
            additions.map(async (times) => {
              for (let time = 0; time < times; time += 1) await add()
            }),
          )
          const sum = additions.reduce((total, times) => total + times, 0)
          expect(await numberIn((await store.head(ref))!)).toBe(sum)
        }),
        { numRuns: 12 },
      )
    })
  })
}

import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import type { StateStore } from '@convergence/core/ports/state-store.ts'

/** What every StateStore must do. Keys of one test start with its own prefix: the store may be shared. */
export const stateStoreContract = (name: string, makePort: () => Promise<StateStore>): void => {
  describe(`${name} as StateStore`, () => {
    let store: StateStore
    beforeAll(async () => {
      store = await makePort()
    })
    let count = 0
    const freshKey = () => `contract/${(count += 1)}/key`

    const write = async (key: string, expected: string | null, value: unknown): Promise<string> => {
      const result = await store.compareAndSet(key, expected, value)
      if (result.outcome !== 'written') throw new Error(`${key} was not written`)
      return result.version
    }

    test('what was written is read back with its version, whatever JSON it is', async () => {
      for (const value of [{ a: [1, 'ü', null, { b: true }] }, [], 'text', 0, false, null]) {
        const key = freshKey()
        const version = await write(key, null, value)
        expect(await store.get(key)).toEqual({ key, value, version })
      }
      expect(await store.get(freshKey())).toBeUndefined()
    })

    test('a write with another version than expected changes nothing and tells what stands there', async () => {
      const key = freshKey()
      expect(await store.compareAndSet(key, '1', 'x')).toEqual({ outcome: 'conflict', current: undefined })
      const first = await write(key, null, 'first')
      const current = { key, value: 'first', version: first }
      expect(await store.compareAndSet(key, null, 'x')).toEqual({ outcome: 'conflict', current })
      const second = await write(key, first, 'second')
      expect(await store.compareAndSet(key, first, 'x')).toMatchObject({
        outcome: 'conflict',
        current: { version: second },
      })
      expect(await store.get(key)).toMatchObject({ value: 'second' })
    })

    test('a version is never used again for a key, not even after a delete', async () => {
      const key = freshKey()
      const versions = [await write(key, null, 1)]
      versions.push(await write(key, versions.at(-1)!, 1))
      expect(await store.delete(key, versions.at(-1)!)).toBe(true)
      versions.push(await write(key, null, 1))
      expect(new Set(versions).size).toBe(3)
    })

    test('a delete takes the expected version only, and is true for what is gone already', async () => {
      const key = freshKey()
      const version = await write(key, null, 1)
      expect(await store.delete(key, `${version}9`)).toBe(false)
      expect(await store.get(key)).toBeDefined()
      expect(await store.delete(key, version)).toBe(true)
      expect(await store.delete(key, version)).toBe(true)
      expect(await store.get(key)).toBeUndefined()
    })

    test('a listing gives the entries of a prefix in key order, page by page', async () => {
      const prefix = `contract/${(count += 1)}/list/`
      const keys = ['10', '2', 'a', 'a/b', 'Ü', 'z_%', 'zz'].map((end) => prefix + end)
      for (const key of keys) await write(key, null, key)
      await write(`${prefix.slice(0, -1)}0`, null, 'beside the prefix')
      const seen: string[] = []
      let pageToken: string | undefined
      do {
        const page = await store.list(prefix, { limit: 2, ...(pageToken && { pageToken }) })
        expect(page.entries.length).toBeLessThanOrEqual(2)
        seen.push(...page.entries.map(({ key }) => key))
        pageToken = page.nextPageToken
      } while (pageToken)
      expect(seen).toEqual(keys.toSorted((a, b) => Buffer.from(a).compare(Buffer.from(b))))
      await expect(store.list(prefix, { limit: 1_001 })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    })

    test('of writers that race for one version exactly one wins', async () => {
      const key = freshKey()
      const version = await write(key, null, 0)
      const results = await Promise.all(
        Array.from({ length: 20 }, (_, writer) => store.compareAndSet(key, version, writer)),
      )
      expect(results.filter(({ outcome }) => outcome === 'written')).toHaveLength(1)
    })

    test('no update is lost among writers that read, change and write until it holds', async () => {
      const writers = fc.array(fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 5 }), {
        minLength: 2,
        maxLength: 6,
      })
      await fc.assert(
        fc.asyncProperty(writers, async (amountsOfWriters) => {
          const key = freshKey()
          const add = async (amount: number): Promise<void> => {
            const entry = await store.get<number>(key)
            const result = await store.compareAndSet(key, entry?.version ?? null, (entry?.value ?? 0) + amount)
            if (result.outcome === 'conflict') await add(amount)
          }
          await Promise.all(
            amountsOfWriters.map(async (amounts) => {
              for (const amount of amounts) await add(amount)
            }),
          )
          const sum = amountsOfWriters.flat().reduce((total, amount) => total + amount, 0)
          expect((await store.get<number>(key))?.value ?? 0).toBe(sum)
        }),
        { numRuns: 25 },
      )
    })
  })
}

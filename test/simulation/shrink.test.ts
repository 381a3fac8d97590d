import fc from 'fast-check'
import { expect, test } from 'vitest'
import { shrink } from './shrink.ts'

const parts = (length: number): number[] => Array.from({ length }, (_, index) => index)

test('what is left of a failure is just what it needs, in its order', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 60 }),
      fc.array(fc.nat(59), { maxLength: 4 }),
      async (length, picked) => {
        const needed = [...new Set(picked.filter((one) => one < length))].toSorted((a, b) => a - b)
        const fails = (some: readonly number[]) => Promise.resolve(needed.every((one) => some.includes(one)))
        expect(await shrink(parts(length), fails, 1_000)).toEqual(needed)
      },
    ),
  )
})

test('when the tries are used up the smallest failure so far is told', async () => {
  let tries = 0
  const left = await shrink(parts(100), (some) => Promise.resolve(++tries > 0 && some.includes(7)), 3)
  expect(tries).toBe(3)
  expect(left).toContain(7)
  expect(left.length).toBeLessThan(100)
})

import { describe, expect, it } from 'vitest'
import { makeBatch } from './batch.ts'
import { compareRows, expectedOf } from './check.ts'

/** What looks for lost and doubled rows must be able to find them. */
describe('rows are compared one by one', () => {
  it.each([
    ['the same in another order', ['b', 'a', 'a'], []],
    ['one too few', ['a', 'b'], ['t: 1 rows lost, 0 too many: lost a']],
    ['one doubled', ['a', 'a', 'b', 'b'], ['t: 0 rows lost, 1 too many: doubled b']],
    ['one for another, of the same count', ['a', 'a', 'c'], ['t: 1 rows lost, 1 too many: lost b, unexpected c']],
    ['none', [], ['t: 3 rows lost, 0 too many: lost a, lost a, lost b']],
  ])('%s', (_, found, told) => {
    expect(compareRows('t', ['a', 'a', 'b'], found)).toEqual(told)
  })
})

it('what the tables must hold is a function of seed and batch, and has rows of every kind', () => {
  const batches = [1, 2, 3, 4].map((number) => makeBatch(7, number))
  expect(makeBatch(7, 3)).toEqual(batches[2])
  expect(makeBatch(8, 3)).not.toEqual(batches[2])
  const kinds = batches.flatMap(({ orders }) => orders.flat().map(({ kind }) => kind))
  expect(new Set(kinds)).toEqual(new Set(['good', 'bad', 'negative']))
  for (const batch of batches) {
    const { tables, receipts } = expectedOf(batch, new Map(batch.items.map((item) => [item.id, item])))
    const [fetched, accepted, rejected] = receipts['orders']!
    expect(accepted + rejected).toBe(fetched)
    expect(tables['orders']!.length + tables['rejected']!.length).toBe(fetched)
  }
})

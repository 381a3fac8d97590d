import { Prng } from '../simulation/prng.ts'

/**
 * What the source has, and so what the tables must hold: a function of seed and batch alone, worked out without any code of the product.
 * A batch is one run of each pipeline.
 */
export interface Batch {
  readonly number: number
  /** Uploaded, appended to raw.lines: rows of each file. */
  readonly lines: readonly (readonly LineRow[])[]
  /** Behind the API, merged into raw.items by id. */
  readonly items: readonly Item[]
  /** In files, checked, appended to raw.orders; some are rejected, some quarantined by a check, the rest is summed up. */
  readonly orders: readonly (readonly OrderRow[])[]
}

export interface LineRow {
  readonly batch: number
  readonly id: number
  readonly amount: string
}

export interface Item {
  readonly id: number
  readonly batch: number
  /** Which of the windows of the batch it is in, from 0. */
  readonly day: number
  readonly amount: string
}

export interface OrderRow extends LineRow {
  /** `bad` is no number, `negative` fails a check after it was loaded. */
  readonly kind: 'good' | 'bad' | 'negative'
}

/** Windows of the API's resource, a slot each. */
export const DAYS = 4
const FIRST_DAY = '2026-01-01'
export const dayAt = (day: number): string =>
  new Date(Date.parse(`${FIRST_DAY}T00:00:00Z`) + day * 86_400_000).toISOString().slice(0, 10)

/** Every batch brings some of these again: merge has something to replace. */
const ITEM_IDS = 200
const ITEMS = 120

export const makeBatch = (seed: number, number: number): Batch => {
  const random = new Prng(Math.imul(seed, 1_000_003) + number)
  let id = number * 100_000
  const files = <Row>(least: number, most: number, make: () => Row): Row[][] =>
    Array.from({ length: least + random.below(most - least + 1) }, () =>
      Array.from({ length: 10 + random.below(40) }, make),
    )
  const line = (): LineRow => ({ batch: number, id: id++, amount: amountOf(random) })
  return {
    number,
    lines: files(3, 6, line),
    items: itemsOf(random, number),
    orders: files(1, 3, () => orderOf(random, line())),
  }
}

const amountOf = (random: Prng): string => `${random.below(100_000)}.${String(10 + random.below(90))}`

const orderOf = (random: Prng, row: LineRow): OrderRow => {
  const share = random.next()
  if (share < 0.08) return { ...row, amount: 'n/a', kind: 'bad' }
  if (share < 0.16) return { ...row, amount: `-${row.amount}`, kind: 'negative' }
  return { ...row, kind: 'good' }
}

const itemsOf = (random: Prng, batch: number): Item[] => {
  const ids = Array.from({ length: ITEM_IDS }, (_, id) => ({ id, at: random.next() })).toSorted((a, b) => a.at - b.at)
  return ids.slice(0, ITEMS).map(({ id }) => ({ id, batch, day: random.below(DAYS), amount: amountOf(random) }))
}

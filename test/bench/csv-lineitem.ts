import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import type { Field } from '@convergence/core/table.ts'

/** The type of lineitem's four amounts. */
export type AmountType = Pick<Field, 'type' | 'precision' | 'scale'>

/** The 16 columns of TPC-H's lineitem; `decimal` is the type of its four amounts. */
export const lineitemColumns = (decimal: AmountType): Field[] => {
  const field = (name: string, type: Field['type']): Field => ({ name, type, mode: 'NULLABLE' })
  const amount = (name: string): Field => ({ name, mode: 'NULLABLE', ...decimal })
  return [
    field('l_orderkey', 'INT64'),
    field('l_partkey', 'INT64'),
    field('l_suppkey', 'INT64'),
    field('l_linenumber', 'INT64'),
    amount('l_quantity'),
    amount('l_extendedprice'),
    amount('l_discount'),
    amount('l_tax'),
    field('l_returnflag', 'STRING'),
    field('l_linestatus', 'STRING'),
    field('l_shipdate', 'DATE'),
    field('l_commitdate', 'DATE'),
    field('l_receiptdate', 'DATE'),
    field('l_shipinstruct', 'STRING'),
    field('l_shipmode', 'STRING'),
    field('l_comment', 'STRING'),
  ]
}

export const LINEITEM_HEADER = `${lineitemColumns({ type: 'NUMERIC' })
  .map((column) => column.name)
  .join(',')}\n`

const INSTRUCTIONS = ['DELIVER IN PERSON', 'COLLECT COD', 'NONE', 'TAKE BACK RETURN']
const MODES = ['REG AIR', 'AIR', 'RAIL', 'SHIP', 'TRUCK', 'MAIL', 'FOB']
const WORDS =
  'the slyly regular deposits haggle carefully above furiously final packages sleep quickly across blithely bold requests according to ironic accounts'.split(
    ' ',
  )
const DAY_MS = 86_400_000
const FIRST_DAY_MS = Date.UTC(1992, 0, 2)

/** mulberry32: the same numbers for the same seed, everywhere. */
const seeded = (seed: number) => {
  let state = seed
  return (below: number): number => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4_294_967_296) * below)
  }
}

/** Lines of lineitem without end: 16 cells joined by commas, none of which needs quotes. The same for the same seed. */
export function* lineitemLines(seed = 1): Generator<string, never> {
  const random = seeded(seed)
  const days = Array.from({ length: 2600 }, (_, i) => new Date(FIRST_DAY_MS + i * DAY_MS).toISOString().slice(0, 10))
  const cents = (n: number): string => `${Math.floor(n / 100)}.${String(n % 100).padStart(2, '0')}`
  const comment = (): string => Array.from({ length: 2 + random(4) }, () => WORDS[random(WORDS.length)]).join(' ')
  for (let order = 1; ; order++) {
    for (let line = 1 + random(7), number = 1; number <= line; number++) {
      const day = random(2400)
      yield `${order},${1 + random(200_000)},${1 + random(10_000)},${number},${1 + random(50)},${cents(90_000 + random(10_000_000))},${cents(random(11))},${cents(random(9))},${'RAN'[random(3)]},${'OF'[random(2)]},${days[day]},${days[day + random(90)]},${days[day + 1 + random(30)]},${INSTRUCTIONS[random(4)]},${MODES[random(7)]},${comment()}`
    }
  }
}

/** Writes about `bytes` of lineitem-like CSV with a header, and gives the number of rows. */
export const writeLineitem = async (path: string, bytes: number, seed = 1): Promise<number> => {
  const file = createWriteStream(path)
  let written = 0
  let rows = 0
  let text = LINEITEM_HEADER
  for (const line of lineitemLines(seed)) {
    text += `${line}\n`
    rows++
    const isLast = written + text.length >= bytes
    if (text.length < 1 << 20 && !isLast) continue
    written += text.length
    if (!file.write(text)) await once(file, 'drain')
    text = ''
    if (isLast) break
  }
  file.end()
  await once(file, 'finish')
  return rows
}

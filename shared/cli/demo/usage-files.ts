import { PRICES, usageOf } from './usage-data.ts'

/** `prices/openai.csv` */
export const pricesCsv = (): string =>
  csv([
    ['model', 'batch', 'input_price', 'cached_price', 'output_price'],
    ...PRICES.map(({ model, batch, usd }) => [model, String(batch), ...usd]),
  ])

/** The provider's bill of one day: a line for each project, model and kind of use. One line has no number for its amount. */
export const billCsv = (date: string): string => {
  const nanoUsd = new Map<string, bigint>()
  for (const record of usageOf(date)) {
    const line = `${record.project_id},${record.model},${record.batch}`
    const price = PRICES.find(({ model, batch }) => model === record.model && batch === record.batch)
    const [input = 0n, cached = 0n, output = 0n] = (price?.usd ?? []).map(thousandths)
    const cost =
      BigInt(record.input_tokens - record.input_cached_tokens) * input +
      BigInt(record.input_cached_tokens) * cached +
      BigInt(record.output_tokens) * output
    nanoUsd.set(line, (nanoUsd.get(line) ?? 0n) + cost)
  }
  const lines = [...nanoUsd].map(([line, cost], index) => {
    const amount = line === 'proj_checkout,gpt-4.1-mini,true' ? 'see credit note' : usd(cost)
    return [`${date.replaceAll('-', '')}-${String(index + 1).padStart(3, '0')}`, date, line, amount]
  })
  return csv([['line_id', 'usage_date', 'project_id', 'model', 'batch', 'amount_usd'], ...lines])
}

const csv = (rows: readonly (readonly string[])[]): string => rows.map((row) => `${row.join(',')}\n`).join('')

/** A price for a million tokens, in billionths of a dollar for one. */
const thousandths = (price: string): bigint => {
  const [whole = '0', digits = ''] = price.split('.')
  return BigInt(whole + digits.padEnd(3, '0'))
}

const usd = (nano: bigint): string => `${nano / 1_000_000_000n}.${String(nano % 1_000_000_000n).padStart(9, '0')}`

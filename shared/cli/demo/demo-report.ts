import type { CliContext } from '../context.ts'
import type { Platform, QueryAnswer, RunLook } from '../platform/platform.ts'
import { renderReceipts } from '../render/receipts.ts'
import { renderTable, type Column } from '../render/table.ts'
import { formatCount, plural } from '../render/units.ts'
import { asideSql, BILL_SQL, COST_SQL, TOTAL_SQL } from './demo-queries.ts'
import { DEMO_TENANT } from './prepare-demo.ts'
import type { Teller } from './teller.ts'
import { DEMO_DATE } from './usage-data.ts'

interface Report {
  readonly context: CliContext
  readonly platform: Platform
  readonly teller: Teller
  /** Of the bill and of the usage. */
  readonly looks: readonly RunLook[]
}

/** What came of it: the rows put aside, the cost, the bill beside it, and the receipts. */
export const reportDemo = async (report: Report): Promise<void> => {
  const aside = await ask(report.platform, asideSql(report.looks.map(({ run }) => run.run_id)))
  tellAside(report, aside.rows)
  await tellCost(report)
  await tellBill(report, aside.rows)
  tellReceipts(report)
}

type Rows = QueryAnswer['rows']

const ask = (platform: Platform, sql: string): Promise<QueryAnswer> =>
  platform.query({ tenant: DEMO_TENANT, sql, limit: 1_000 })

const text = (value: unknown): string =>
  typeof value === 'string' ? value : value == null ? '' : JSON.stringify(value)

const tellAside = ({ context, teller }: Report, rows: Rows): void => {
  teller.head('What was put aside')
  teller.say(
    `${plural(rows.length, 'row')} did not fit or failed a check: a line of the bill without an amount, a usage record with half a token, and one that claims more cached tokens than input tokens. None is lost: each stands in acme's quarantine with its origin, its position there, the reason, and the whole row.`,
  )
  const columns = ['step', 'where from', 'row', 'reason'].map((title): Column => ({ title }))
  const cells = rows.map(([step, origin, position, reason]) => [
    text(step),
    shorten(text(origin)),
    text(position),
    text(reason),
  ])
  teller.show(renderTable(columns, cells, context.table()))
}

/** The end of an address tells more than its beginning. */
const shorten = (origin: string): string => {
  const [path = ''] = origin.replace(/^https?:\/\/[^/]+/, '').split('?')
  return path.length > 44 ? `…${path.slice(-43)}` : path
}

const tellCost = async ({ context, platform, teller }: Report): Promise<void> => {
  const [{ rows }, total] = [await ask(platform, COST_SQL), await ask(platform, TOTAL_SQL)]
  teller.head(`What ${DEMO_DATE} cost`)
  teller.say(
    'silver_cost.daily_cost, made by sql/silver_cost/daily_cost.sql in exact decimals: input that is not cached, cached input, and output, each at its price for a million tokens, batch usage at its own; added up first, divided once.',
  )
  const columns: Column[] = [
    { title: 'project' },
    { title: 'model' },
    ...['input tokens', 'cached', 'output tokens', 'cost USD'].map((title) => ({ title, align: 'right' as const })),
  ]
  const sum = (index: number): string => count(String(rows.reduce((all, row) => all + BigInt(text(row[index])), 0n)))
  const cells = rows.map(([project, model, input, cached, output, cost]) => [
    text(project),
    text(model),
    ...[input, cached, output].map((value) => count(text(value))),
    money(text(cost)),
  ])
  const footer = ['total', '', sum(2), sum(3), sum(4), money(text(total.rows[0]?.[0]))]
  teller.show(renderTable(columns, cells, { ...context.table(), footer }))
}

const count = (digits: string): string => digits.replaceAll(/\B(?=(\d{3})+$)/g, ',')

/** All nine digits, so that columns line up and nothing is rounded. */
const money = (decimal: string): string => {
  const [whole = '0', digits = ''] = decimal.split('.')
  return `${whole}.${digits.padEnd(9, '0')}`
}

const tellBill = async ({ context, platform, teller }: Report, aside: Rows): Promise<void> => {
  const { rows } = await ask(platform, BILL_SQL)
  const different = rows.filter((row) => !/^-?0*(\.0*)?$/.test(text(row[4])))
  teller.head('Does the bill agree?')
  teller.say(
    `${formatCount(rows.length - different.length)} of ${formatCount(rows.length)} sums of project and model agree with the bill to the last digit. The others differ because of rows that were put aside:`,
  )
  const columns: Column[] = [
    { title: 'project' },
    { title: 'model' },
    ...['computed USD', 'billed USD', 'difference'].map((title) => ({ title, align: 'right' as const })),
    { title: 'put aside' },
  ]
  const cells = different.map(([project, model, cost, billed, difference]) => [
    text(project),
    text(model),
    ...[cost, billed, difference].map((value) => money(text(value))),
    asideOf(aside, text(project), text(model)),
  ])
  teller.show(renderTable(columns, cells, context.table()))
}

/** Rows of that project and model that were put aside, by the step that did it. */
const asideOf = (aside: Rows, project: string, model: string): string => {
  const steps = aside.flatMap(([step, , , , raw]) => {
    const row = JSON.parse(text(raw)) as Readonly<Record<string, unknown>>
    return row['project_id'] === project && row['model'] === model ? [text(step)] : []
  })
  return steps.map((step) => `1 row in ${step}`).join(', ')
}

const tellReceipts = ({ context, teller, looks }: Report): void => {
  teller.head('Nothing was lost on the way')
  teller.say(
    'Each load has a receipt: fetched = accepted + rejected + filtered, and what was accepted is what the table counted, inserted or updated. A run is green only when every receipt balances.',
  )
  teller.show(
    renderReceipts(
      looks.flatMap(({ run }) => run.receipts),
      context.table(),
    ),
  )
}

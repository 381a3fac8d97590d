import { dayAt, type Batch, type Item, type OrderRow } from './batch.ts'
import type { Inspection, ReceiptDocument, Rows, RunDocument } from './inspect.ts'
import { PIPELINES, TENANT, uploadOf, type PipelineId } from './project.ts'

/** What the tables must hold of a batch, and its receipts; the items are those of all batches so far, the last one of each id. */
export interface Expected {
  readonly tables: Readonly<Record<string, Rows>>
  /** By step: fetched, accepted, rejected. */
  readonly receipts: Readonly<Record<string, readonly [number, number, number]>>
}

const RAW = `${TENANT}_raw`

/** How the tables are read: the rows of one batch, in the shape of `expectedOf`. */
const queries = (batch: number): Readonly<Record<string, string>> => ({
  lines: `SELECT batch, id, amount::DECIMAL(38,2) FROM ${RAW}.lines WHERE batch = ${batch}`,
  items: `SELECT id, batch, day, amount::DECIMAL(38,2) FROM ${RAW}.items`,
  orders: `SELECT batch, id, amount::DECIMAL(38,2) FROM ${RAW}.orders WHERE batch = ${batch}`,
  sums: `SELECT batch, orders, amount::DECIMAL(38,2) FROM ${TENANT}_silver.sums WHERE batch = ${batch}`,
  rejected: `SELECT step, origin, coalesce(position::VARCHAR, '-'), "column", raw->>'id', split_part(value, '.', 1)
             FROM ${TENANT}_quarantine.rejected_rows WHERE (raw->>'batch')::BIGINT = ${batch}`,
})

/** Columns of the whole tables, to find what belongs to no batch. */
const TOTALS: Readonly<Record<string, string>> = {
  lines: `SELECT count(*) FROM ${RAW}.lines`,
  orders: `SELECT count(*) FROM ${RAW}.orders`,
  sums: `SELECT count(*) FROM ${TENANT}_silver.sums`,
  rejected: `SELECT count(*) FROM ${TENANT}_quarantine.rejected_rows`,
}

export const expectedOf = (batch: Batch, items: ReadonlyMap<number, Item>): Expected => {
  const lines = batch.lines.flat()
  const orders = batch.orders.flat()
  const of = (kind: OrderRow['kind']) => orders.filter((row) => row.kind === kind)
  const text = (row: { batch: number; id: number; amount: string }): string => `${row.batch}|${row.id}|${row.amount}`
  const loaded = orders.length - of('bad').length
  return {
    tables: {
      lines: lines.map(text),
      items: [...items.values()].map((item) => `${item.id}|${item.batch}|${dayAt(item.day)}|${item.amount}`),
      orders: of('good').map(text),
      sums: [`${batch.number}|${of('good').length}|${sumOf(of('good').map(({ amount }) => amount))}`],
      rejected: [
        ...batch.orders.flatMap((file, index) =>
          file.flatMap((row, at) =>
            row.kind === 'bad' ? [`orders|orders/${batch.number}.${index}.csv|${at + 1}|amount|${row.id}|n/a`] : [],
          ),
        ),
        ...of('negative').map((row) => `checks|raw.orders|-|amount|${row.id}|${row.amount.split('.')[0]}`),
      ],
    },
    receipts: {
      lines: [lines.length, lines.length, 0],
      items: [batch.items.length, batch.items.length, 0],
      orders: [orders.length, loaded, of('bad').length],
      sums: [1, 1, 0],
    },
  }
}

const sumOf = (amounts: readonly string[]): string => {
  const cents = amounts.reduce((sum, amount) => sum + BigInt(amount.replace('.', '')), 0n)
  return `${cents / 100n}.${String(cents % 100n).padStart(2, '0')}`
}

export interface Checked {
  readonly violations: string[]
  /** Rows that were compared. */
  readonly rows: number
}

/** Compares what a folder holds with what the source had, after the batch's runs have ended. */
export const checkBatch = async (
  inspection: Inspection,
  batch: Batch,
  expected: Expected,
  totals: Readonly<Record<string, number>>,
): Promise<Checked> => {
  const violations: string[] = []
  let rows = 0
  for (const [table, sql] of Object.entries(queries(batch.number))) {
    const found = await inspection.rows(sql)
    rows += found.length
    violations.push(...compareRows(table, expected.tables[table] ?? [], found))
  }
  for (const [table, sql] of Object.entries(TOTALS)) {
    const [count = '0'] = await inspection.rows(sql)
    if (Number(count) !== totals[table])
      violations.push(`${table}: ${count} rows in all, of all batches it should be ${totals[table]}`)
  }
  violations.push(...(await checkRuns(inspection, batch, expected)))
  return { violations, rows }
}

const SHOWN = 3

/** Identities, not counts: what is lost, doubled, or nobody's. */
export const compareRows = (table: string, expected: Rows, found: Rows): string[] => {
  const left = new Map<string, number>()
  for (const row of expected) left.set(row, (left.get(row) ?? 0) + 1)
  const wanted = new Set(expected)
  const more: string[] = []
  for (const row of found) {
    const count = left.get(row) ?? 0
    if (count === 0) more.push(`${wanted.has(row) ? 'doubled' : 'unexpected'} ${row}`)
    else left.set(row, count - 1)
  }
  const lost = [...left].flatMap(([row, count]) => Array.from({ length: count }, () => `lost ${row}`))
  const all = [...lost, ...more]
  if (all.length === 0) return []
  return [`${table}: ${lost.length} rows lost, ${more.length} too many: ${all.slice(0, SHOWN).join(', ')}`]
}

const checkRuns = async (inspection: Inspection, batch: Batch, expected: Expected): Promise<string[]> => {
  const violations: string[] = []
  for (const pipeline of PIPELINES) {
    const runs = inspection.runs.filter((run) => isOf(run, pipeline, batch.number))
    if (runs.length !== 1) violations.push(`${pipeline}: ${runs.length} runs of batch ${batch.number} instead of one`)
    for (const run of runs) violations.push(...(await checkRun(inspection, run)))
  }
  const runIds = new Set(
    inspection.runs.filter((run) => PIPELINES.some((one) => isOf(run, one, batch.number))).map(({ runId }) => runId),
  )
  const receipts = inspection.receipts.filter(({ runId }) => runIds.has(runId))
  for (const [stepId, counts] of Object.entries(expected.receipts))
    violations.push(
      ...(await checkReceipts(
        inspection,
        receipts.filter((one) => one.stepId === stepId),
        { stepId, counts },
      )),
    )
  if (inspection.active.length > 0) violations.push(`still in the active set: ${inspection.active.join(', ')}`)
  if (inspection.deadLetters.length > 0) violations.push(`dead letters: ${inspection.deadLetters.join('; ')}`)
  return violations
}

export const isOf = (
  run: Pick<RunDocument, 'pipelineId' | 'parameters'>,
  pipeline: PipelineId,
  batch: number,
): boolean =>
  run.pipelineId === pipeline &&
  (pipeline === 'lines' ? run.parameters['object'] === uploadOf(batch) : run.parameters['batch'] === batch)

/** One terminal state, in the document and in the table that is projected from it. */
const checkRun = async (inspection: Inspection, run: RunDocument): Promise<string[]> => {
  const violations: string[] = []
  if (run.status !== 'SUCCEEDED') violations.push(`run ${run.runId} is ${run.status}: ${run.error?.message ?? ''}`)
  const ends = await inspection.rows(
    `SELECT DISTINCT status FROM metadata.pipeline_runs
     WHERE run_id = '${run.runId}' AND status IN ('SUCCEEDED', 'FAILED', 'CANCELLED')`,
  )
  if (ends.length !== 1) violations.push(`run ${run.runId} has ${ends.length} terminal states: ${ends.join(', ')}`)
  return violations
}

const checkReceipts = async (
  inspection: Inspection,
  receipts: readonly ReceiptDocument[],
  { stepId, counts }: { stepId: string; counts: readonly [number, number, number] },
): Promise<string[]> => {
  const [receipt] = receipts
  if (!receipt || receipts.length > 1) return [`step ${stepId} has ${receipts.length} receipts instead of one`]
  const { runId, fetched, accepted, rejected, staged, inserted, updated, balanced } = receipt
  const violations: string[] = []
  const told = [fetched, accepted, rejected]
  if (!balanced || told.join() !== counts.join() || staged !== accepted || inserted + updated !== staged)
    violations.push(
      `the receipt of ${stepId} says fetched, accepted, rejected ${told.join(', ')}, staged ${staged}, inserted ${inserted}, updated ${updated}; the source had ${counts.join(', ')}`,
    )
  const recorded = await inspection.rows(
    `SELECT fetched, accepted, rejected, staged, inserted, updated FROM metadata.load_receipts WHERE run_id = '${runId}' AND step_id = '${stepId}'`,
  )
  violations.push(...compareRows('metadata.load_receipts', [[...told, staged, inserted, updated].join('|')], recorded))
  return violations
}

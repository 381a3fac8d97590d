import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openEmbedded, type Embedded } from '@convergence/cli/embedded.ts'
import { projectAt } from '@convergence/cli/project.ts'
import { afterAll, expect, it } from 'vitest'

/**
 * A real, anonymised AWS bill: 94 columns with `/` in their names, costs with up to eleven decimals, half of them in scientific notation.
 * It is not part of the project; where it lies beside it, it goes through an upload event, the checks and a transform, to the last digit.
 */
const BILL = join(import.meta.dirname, '../../../shared/data/aws-cost-and-usage-report.csv')
const root = mkdtempSync(join(tmpdir(), 'convergence-bill-'))
let embedded: Embedded | undefined

afterAll(async () => {
  await embedded?.close()
  rmSync(root, { recursive: true, force: true })
})

const query = async (platform: Embedded, sql: string) =>
  (await platform.platform.query({ tenant: 'acme', sql, limit: 1_000 })).rows

it('loads a real bill from an upload to a daily cost by service, exact to the last digit', async (context) => {
  if (!existsSync(BILL)) context.skip(`the bill is not there: ${BILL}`)
  cpSync(join(import.meta.dirname, '../fixtures/aws-bill'), root, { recursive: true })
  const bucket = join(root, '.convergence/buckets/acme-bills')
  mkdirSync(bucket, { recursive: true })
  embedded = await openEmbedded(projectAt(root), {})
  await embedded.platform.createTenant({ tenant: 'acme' })
  await embedded.work({ watchUploads: true })
  copyFileSync(BILL, join(bucket, 'bill.csv'))
  const run = await ended(embedded)
  expect(run.steps.map(({ step_id, status }) => [step_id, status])).toEqual([
    ['bill', 'SUCCEEDED'],
    ['checks', 'SUCCEEDED'],
    ['daily', 'SUCCEEDED'],
  ])
  expect(run).toMatchObject({ status: 'SUCCEEDED', cause: 'upload', parameters: { object: 'bill.csv' }, warnings: [] })
  expect(run.receipts.map(({ balanced }) => balanced)).toEqual([true, true])
  const sums =
    'SELECT COUNT(*), SUM(line_item_unblended_cost), SUM(pricing_public_on_demand_cost) FROM raw_aws.cost_and_usage'
  expect(await query(embedded, sums)).toEqual([['1281', '1.6823086974', '3.3561726949']])
  expect(await query(embedded, 'SELECT SUM(line_items), SUM(cost) FROM silver_aws.daily_cost')).toEqual([
    ['1281', '1.6823086974'],
  ])
})

/** Looks until the upload's run has ended. */
const ended = async ({ platform }: Embedded) => {
  for (;;) {
    const { runs } = await platform.listRuns({ tenant: 'acme', limit: 1 })
    const [run] = runs
    if (run && ['SUCCEEDED', 'FAILED', 'CANCELLED'].includes(run.status))
      return (await platform.lookAtRun({ runId: run.run_id })).run
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

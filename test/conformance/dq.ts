import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { isExpectationType } from '@convergence/core/config/expectation-types.ts'
import type { FieldType, TableSchema } from '@convergence/core/table.ts'
import type { ExpectationResult } from '@convergence/pipeline/dq/results.ts'
import { addSamples, evaluateChecks, planChecks } from '@convergence/pipeline/dq/run-checks.ts'
import { differences, type Case } from './compare-case.ts'
import { openConformanceWarehouse, type ConformanceWarehouse } from './warehouse-table.ts'

/** `npm run conformance:dq -- --cases FILE [--json]`: each case's table and expectation through the real engine, against its verdict. */
type Verdict = 'passed' | 'failed' | 'not supported'

interface CaseReport {
  readonly id: number
  readonly expectation: string
  readonly title: string
  readonly verdict: Verdict
  readonly reason?: string
}

/** Row index of the cases, as a column: results show it beside unexpected values. */
const ID_COLUMN = 'pk_index'
/** The cases list every unexpected value. */
const MAX_SAMPLES = 10_000

const runCase = async (given: Case, warehouse: ConformanceWarehouse): Promise<CaseReport> => {
  const about = { id: given.id, expectation: given.expectation, title: given.title }
  if (!isExpectationType(given.expectation)) return { ...about, verdict: 'not supported', reason: 'expectation type' }
  const result = await check(given, warehouse).catch((error: unknown) => String(error))
  if (typeof result === 'string') return { ...about, verdict: 'failed', reason: result }
  const wrong = differences(given, result)
  // An error is nobody's verdict about the data, unless the case is about wrong arguments.
  if (result.status === 'error' && given.expected['raises'] !== true && !/throws_exception/.test(given.title))
    return { ...about, verdict: 'failed', reason: `error: ${result.message}` }
  return wrong.length === 0
    ? { ...about, verdict: 'passed' }
    : { ...about, verdict: 'failed', reason: wrong.join('; ') }
}

const check = async (given: Case, warehouse: ConformanceWarehouse): Promise<ExpectationResult> => {
  const withId = given.expected['unexpected_index_list'] !== undefined
  const rows = Object.values(given.data)[0]?.length ?? 0
  const id: Record<string, number[]> = withId ? { [ID_COLUMN]: Array.from({ length: rows }, (_, index) => index) } : {}
  const schema: TableSchema = [
    ...Object.entries(given.schema).map(([name, type]) => ({
      name,
      type: type as FieldType,
      mode: 'NULLABLE' as const,
    })),
    ...(withId ? [{ name: ID_COLUMN, type: 'INT64' as const, mode: 'NULLABLE' as const }] : []),
  ]
  const types = { ...given.duckdb_schema, ...(withId && { [ID_COLUMN]: 'BIGINT' }) }
  const plan = planChecks({
    expectations: [{ expectation_type: given.expectation, kwargs: kwargsOf(given), severity: 'critical' }],
    schema,
    dialect: 'duckdb',
    input: await warehouse.relation({ types, columns: { ...given.data, ...id } }, schema),
    idColumns: withId ? [ID_COLUMN] : [],
    maxSamples: MAX_SAMPLES,
  })
  const { results, sampleQueries } = evaluateChecks(plan, await warehouse.run(plan.queries))
  const samples = await warehouse.run(sampleQueries)
  const broken = Object.values(samples).find((found) => 'failed' in found)
  if (broken && 'failed' in broken) throw new Error(`samples of case ${given.id}: ${broken.failed}`)
  return addSamples(plan, results, samples)[0]!
}

/** The row condition in SQL, where the case has it in another language. */
const kwargsOf = ({ kwargs, row_condition_sql: sql }: Case): Record<string, unknown> => {
  if (sql === undefined) return { ...kwargs }
  const { condition_parser: _, ...others } = kwargs
  return { ...others, row_condition: sql }
}

const countsOf = (reports: readonly CaseReport[]) => ({
  passed: reports.filter(({ verdict }) => verdict === 'passed').length,
  failed: reports.filter(({ verdict }) => verdict === 'failed').length,
  not_supported: reports.filter(({ verdict }) => verdict === 'not supported').length,
})

const byExpectation = (reports: readonly CaseReport[]) =>
  [...Map.groupBy(reports, ({ expectation }) => expectation)]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([expectation, cases]) => ({ expectation, ...countsOf(cases) }))

const print = (reports: readonly CaseReport[]): void => {
  const width = Math.max(...reports.map(({ expectation }) => expectation.length))
  console.log(`${'expectation'.padEnd(width)}  passed  failed  not supported`)
  for (const row of byExpectation(reports))
    console.log(
      `${row.expectation.padEnd(width)}  ${String(row.passed).padStart(6)}  ${String(row.failed).padStart(6)}  ${String(row.not_supported).padStart(13)}`,
    )
  for (const verdict of ['failed', 'not supported'] as const) {
    console.log(`\n${verdict}:`)
    for (const one of reports.filter((report) => report.verdict === verdict))
      console.log(`  ${one.id} ${one.expectation} ${one.title}: ${one.reason ?? ''}`)
  }
  console.log(`\npassed: ${idsOf(reports, 'passed')}`)
  const { passed, failed, not_supported: notSupported } = countsOf(reports)
  console.log(`\n${reports.length} cases: ${passed} passed, ${failed} failed, ${notSupported} not supported`)
}

const idsOf = (reports: readonly CaseReport[], verdict: Verdict): string =>
  reports
    .filter((one) => one.verdict === verdict)
    .map(({ id }) => id)
    .join(' ')

const main = async (): Promise<void> => {
  const { values } = parseArgs({ options: { cases: { type: 'string' }, json: { type: 'boolean', default: false } } })
  if (values.cases === undefined) throw new Error('usage: npm run conformance:dq -- --cases FILE [--json]')
  const cases = JSON.parse(readFileSync(values.cases, 'utf8')) as Case[]
  const reports: CaseReport[] = []
  const warehouse = await openConformanceWarehouse()
  try {
    for (const one of cases) reports.push(await runCase(one, warehouse))
  } finally {
    await warehouse.close()
  }
  if (values.json)
    console.log(
      JSON.stringify({ ...countsOf(reports), by_expectation: byExpectation(reports), cases: reports }, undefined, 2),
    )
  else print(reports)
  if (reports.some(({ verdict }) => verdict === 'failed')) process.exitCode = 1
}

await main()

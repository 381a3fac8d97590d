import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fileTenant } from './file-tenant.ts'
import { openProject, reasonOf, type TestProject, type TestTenant } from './project.ts'

let project: TestProject
let count = 0
beforeAll(async () => {
  project = await openProject()
}, 60_000)
afterAll(() => project.close())

/** A tenant whose table `raw.lines` is loaded, and whose pipeline `next` has the step. */
const loadedTenant = async (step: string): Promise<TestTenant> => {
  const tenant = await fileTenant(project, `steps${count++}`, { load: 'strategy: append' })
  tenant.upload('lines.csv', 'id,model,tokens\n1,gpt,10\n2,new,20\n')
  tenant.write(
    'pipelines/next.yml',
    `pipeline_id: next\nsteps:\n${step}    retry: { max_attempts: 2, backoff: 10ms }\n`,
  )
  return tenant
}

const TRANSFORM = `  - step_id: cost
    type: transform
    sql: silver/cost
    load: { dataset: silver, table: cost, strategy: overwrite, partitions: all }
`

const UNPRICED = `SELECT
  id,
  IF(model = 'gpt', 2, ERROR(CONCAT('no price for model ', model, ': add it to prices.csv'))) AS price
FROM {{ raw.lines }}`

describe('SQL that', () => {
  it.each<[string, string, string]>([
    [
      "names another tenant's dataset",
      'SELECT id FROM other_raw.lines',
      ':1:16: other_raw.lines is no table of this query: tables are named by template, {{ dataset.table }}',
    ],
    [
      "names another tenant's dataset by template",
      'SELECT id FROM {{ other_raw.lines }}',
      ':1:16: tenant TENANT has no table other_raw.lines: no run has loaded it',
    ],
    [
      'names a table that nothing loads',
      'SELECT id\nFROM {{ raw.linse }}',
      ':2:6: tenant TENANT has no table raw.linse: no run has loaded it; did you mean "raw.lines"?',
    ],
    [
      'reads a file',
      "SELECT * FROM read_csv('/etc/passwd')",
      ':1:15: read_csv is not allowed in FROM: use {{ dataset.table }}, a subquery, a name from WITH, or UNNEST',
    ],
    [
      'is none',
      'SELECT id,\n  FROM FROM {{ raw.lines }}',
      ':2:8: this is not GoogleSQL that the embedded warehouse understands: Expected table name or subquery, got From',
    ],
    [
      'calls a function that is not there',
      'SELECT id, SOUNDSLIKE(model) AS x\nFROM {{ raw.lines }}',
      ':1:12: function SOUNDSLIKE is not available in the embedded warehouse',
    ],
    [
      'names a column that is not there',
      'SELECT id,\n  total\nFROM {{ raw.lines }}',
      ':2:3: there is no column "total"',
    ],
    ['meets a model without a price', UNPRICED, ':3:24: no price for model new: add it to prices.csv'],
    ['divides by zero', 'SELECT id / 0 AS x FROM {{ raw.lines }}', ':1:11: division by zero'],
    [
      'casts what cannot be',
      'SELECT CAST(model AS INT64) AS x FROM {{ raw.lines }}',
      ':1:8: "gpt" cannot be cast to INT64',
    ],
  ])('%s fails its step with file and position, and writes no table', async (_what, sql, told) => {
    const tenant = await loadedTenant(TRANSFORM)
    tenant.sql('silver/cost.sql', sql)
    expect((await tenant.run('lines')).code).toBe(0)
    const reason = reasonOf(await tenant.run('next'))
    expect(reason).toContain(`step cost: sql/${tenant.id}/silver/cost.sql${told.replace('TENANT', tenant.id)}`)
    expect(await tenant.query('SELECT * FROM silver.cost')).toContain('has no table silver.cost')
  })
})

describe('a check that', () => {
  it.each<[string, string, string]>([
    [
      'names a column that the table lacks',
      'expect_column_values_to_not_be_null\n    kwargs: { column: tokns }',
      'expect_column_values_to_not_be_null: the table has no column tokns; did you mean "tokens"?',
    ],
    [
      'does not hold',
      'expect_column_values_to_be_between\n    kwargs: { column: tokens, max_value: 10 }',
      'expect_column_values_to_be_between: 1 of 2 values of tokens are not at most 10',
    ],
  ])('%s fails the run and says so', async (_what, expectation, told) => {
    const tenant = await loadedTenant('  - step_id: checks\n    type: dq\n    rules: checks\n')
    tenant.write(
      'dq_rules/checks.yml',
      `rules_id: checks\ntable: raw.lines\nexpectations:\n  - expectation_type: ${expectation}\n`,
    )
    expect((await tenant.run('lines')).code).toBe(0)
    expect(reasonOf(await tenant.run('next'))).toContain(`step checks: 1 critical expectation failed: ${told}`)
  })
})

describe('a Parquet file that', () => {
  const folder = mkdtempSync(join(tmpdir(), 'convergence-parquet-'))
  let whole: Buffer
  beforeAll(async () => {
    const database = await (await DuckDBInstance.create(':memory:')).connect()
    const path = join(folder, 'whole.parquet')
    await database.run(
      `COPY (SELECT range AS id, DATE '2026-01-31' AS day, (range / 4)::DECIMAL(38,9) AS amount FROM range(5000)) TO '${path}' (FORMAT parquet)`,
    )
    database.closeSync()
    whole = readFileSync(path)
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  const flipped = (at: number): Buffer => {
    const bytes = Buffer.from(whole)
    for (let i = at; i < at + 16; i++) bytes[i] = (bytes[i] ?? 0) ^ 0xa5
    return bytes
  }

  it.each<[string, () => Uint8Array, RegExp]>([
    ['is empty', () => new Uint8Array(0), /^step lines: lines\.csv: empty file$/],
    [
      'is none',
      () => Buffer.from('id,day,amount\n1,2026-01-31,1\n'),
      /^step lines: lines\.csv: not a Parquet file that can be read: .*must end with PAR1; is it whole\? Upload it again$/,
    ],
    [
      'was cut off',
      () => whole.subarray(0, whole.length - 3),
      /^step lines: lines\.csv: not a Parquet file that can be read: .*; is it whole\? Upload it again$/,
    ],
    [
      'has flipped bits in its footer',
      () => flipped(whole.length - 200),
      /^step lines: lines\.csv: not a Parquet file that can be read: .*; is it whole\? Upload it again$/,
    ],
    [
      'has flipped bits in its rows',
      () => flipped(500),
      /^step lines: lines\.csv: the Parquet data is corrupted: .*; upload the file again$/,
    ],
  ])('%s fails the run, and nothing is loaded', async (_what, bytes, told) => {
    const tenant = await fileTenant(project, `steps${count++}`, { file: 'glob: lines.csv, format: parquet' })
    tenant.upload('lines.csv', bytes())
    expect(reasonOf(await tenant.run('lines'))).toMatch(told)
    expect(await tenant.query('SELECT * FROM raw.lines')).toContain('has no table raw.lines')
  })
})

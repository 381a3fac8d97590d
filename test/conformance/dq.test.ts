import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const table = {
  data: { n: [1, 2, null, 9], s: ['a', 'b', 'c', null] },
  schema: { n: 'INT64', s: 'STRING' },
  duckdb_schema: { n: 'BIGINT', s: 'VARCHAR' },
  title: 'a case',
}
const between = { ...table, expectation: 'expect_column_values_to_be_between', kwargs: { column: 'n', max_value: 5 } }
const cases = [
  {
    ...between,
    id: 1,
    expected: { success: false, unexpected_list: [9], unexpected_index_list: [{ n: 9, pk_index: 3 }] },
  },
  { ...between, id: 2, expected: { success: false, unexpected_list: [8] } },
  { ...between, id: 3, expected: { success: true } },
  { ...between, id: 4, kwargs: { column: 'n' }, expected: { raises: true } },
  { ...between, id: 5, kwargs: { column: 'x', max_value: 5 }, expected: { success: false } },
  {
    ...between,
    id: 6,
    row_condition_sql: "s = 'a'",
    kwargs: { ...between.kwargs, row_condition: 's == "a"', condition_parser: 'pandas' },
    expected: { success: true, result: { element_count: 1 } },
  },
  { ...table, id: 7, expectation: 'expect_nothing_that_is_known', kwargs: {}, expected: { success: false } },
]

it('tells passed, failed and not supported cases apart, through the embedded warehouse', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'convergence-cases-'))
  const file = join(folder, 'cases.json')
  await writeFile(file, JSON.stringify(cases))
  const { code, report } = await runScript(file)
  await rm(folder, { recursive: true })
  expect(report.cases.map(({ id, verdict }) => [id, verdict])).toEqual([
    [1, 'passed'],
    [2, 'failed'],
    [3, 'failed'],
    [4, 'passed'],
    [5, 'failed'],
    [6, 'passed'],
    [7, 'not supported'],
  ])
  expect(report).toMatchObject({ passed: 3, failed: 3, not_supported: 1 })
  expect(report.cases[4]!.reason).toContain('error: the table has no column x')
  expect(code).toBe(1)
})

interface Report {
  cases: { id: number; verdict: string; reason?: string }[]
}

const runScript = (file: string): Promise<{ code: number; report: Report }> =>
  new Promise((resolve) => {
    const script = new URL('dq.ts', import.meta.url).pathname
    execFile(process.execPath, [script, '--cases', file, '--json'], (error, stdout) =>
      resolve({ code: Number(error?.code ?? 0), report: JSON.parse(stdout) as Report }),
    )
  })

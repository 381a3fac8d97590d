import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api'
import { InvalidInputError } from '@convergence/core/errors.ts'
import { tokenize } from '@convergence/core/sql/tokens.ts'
import type { TableRef } from '@convergence/core/table.ts'
import { explainError } from '@convergence/local/sql/explain/explain-error.ts'
import { MACROS, SESSION_SETTINGS } from '@convergence/local/sql/macros.ts'
import { loadTranslator, type TranslateGoogleSql } from '@convergence/local/sql/translate.ts'
import { createTable, type CaseTable } from './sql-tables.ts'
import { plainValue, sameRow, sameRows, sameType, typeName, type Column } from './sql-values.ts'

/** `node test/conformance/sql.ts --cases FILE [--json] [--only PATTERN]`: queries with known answers through the translator and DuckDB. */
interface SqlCase {
  readonly id: string
  readonly cat: string
  readonly sql: string
  readonly tables?: readonly string[]
  readonly columns?: readonly Column[]
  readonly rows?: readonly (readonly unknown[])[]
  readonly ordered?: boolean | readonly number[]
  readonly expect?: 'error'
}

type Verdict = 'passed' | 'wrong' | 'refused' | 'crashed'
interface Result {
  readonly id: string
  readonly category: string
  readonly verdict: Verdict
  readonly detail?: string
}

const TENANT = 'conformance'

/** Names of the case's tables become templates, as a tenant writes them: after FROM, JOIN and the commas of FROM. */
const withTemplates = (sql: string, names: readonly string[]): string => {
  let tokens
  try {
    tokens = tokenize(sql)
  } catch {
    return sql
  }
  const ctes = tokens
    .filter((_, index) => tokens[index + 1]?.text.toUpperCase() === 'AS' && tokens[index + 2]?.text === '(')
    .map((one) => one.value.toLowerCase())
  const clauses = ['']
  let text = ''
  let at = 0
  for (const [index, token] of tokens.entries()) {
    const word = token.text.toUpperCase()
    if (word === '(') clauses.push('')
    if (word === ')') clauses.pop()
    if (/^(SELECT|FROM|WHERE|GROUP|HAVING|ORDER|QUALIFY|WINDOW|ON|USING|LIMIT)$/.test(word))
      clauses[clauses.length - 1] = word
    const before = tokens[index - 1]?.text.toUpperCase() ?? ''
    const inFrom =
      before === 'FROM' ||
      before === 'JOIN' ||
      (before === ',' && clauses.at(-1) === 'FROM') ||
      (before === '(' && clauses.at(-2) === 'FROM')
    const path =
      token.kind === 'quoted' || tokens[index + 1]?.text !== '.'
        ? token.value
        : tokens
            .slice(index, index + 3)
            .map((one) => one.value)
            .join('')
    const name = names.find((one) => one.toLowerCase() === path.toLowerCase())
    if (name === undefined || !inFrom || ctes.includes(path.toLowerCase())) continue
    const end = path === token.value ? token.end : (tokens[index + 2]?.end ?? token.end)
    text += `${sql.slice(at, token.start)}{{ ${name} }}`
    at = end
  }
  return text + sql.slice(at)
}

const runCase = async (
  one: SqlCase,
  tables: Readonly<Record<string, CaseTable>>,
  connection: DuckDBConnection,
  translate: TranslateGoogleSql,
): Promise<Result> => {
  const verdict = (result: Verdict, detail?: string): Result => ({
    id: one.id,
    category: one.cat,
    verdict: result,
    ...(detail === undefined ? {} : { detail }),
  })
  const used = (one.tables ?? []).map((key) => ({ name: key.split('@')[0] ?? '', key }))
  const refs: Record<string, TableRef> = Object.fromEntries(
    used.map(({ name }) => [name, { tenant: TENANT, dataset: 'ds', table: name.split('.').at(-1) ?? '' }]),
  )
  try {
    for (const { name, key } of used) await createTable(connection, refs[name] as TableRef, tables[key] as CaseTable)
  } catch (error) {
    return verdict('refused', `table: ${(error as Error).message}`)
  }
  const google = withTemplates(one.sql, Object.keys(refs))
  let sql: string
  try {
    sql = translate({ sql: google, tables: refs, parameters: [] }).sql
  } catch (error) {
    return error instanceof InvalidInputError
      ? verdict('refused', error.message)
      : verdict('crashed', String((error as Error).stack))
  }
  try {
    const reader = await connection.runAndReadAll(sql)
    const types = reader.columnTypes().map(typeName)
    const columns = one.columns ?? []
    const rows = reader
      .getRows()
      .map((row) => row.map((value, index) => plainValue(value, columns[index] ?? { name: '', type: '' })))
    if (one.expect === 'error') return verdict('wrong', `BigQuery raises; got ${show(rows)}\n    ${sql}`)
    const problem = difference(one, types, rows)
    return problem === undefined ? verdict('passed') : verdict('wrong', `${problem}\n    ${sql}`)
  } catch (error) {
    if (one.expect === 'error') return verdict('passed')
    // Macros refuse too, where only the type of a value tells that it cannot be right.
    const { message } = error as Error
    const told = explainError(message, { google, duckdb: sql }) ?? message
    const refused = told.includes('not available in the embedded warehouse')
    return verdict(refused ? 'refused' : 'crashed', `${told.slice(0, 300)}\n    ${sql}`)
  }
}

const difference = (one: SqlCase, types: readonly string[], rows: readonly unknown[][]): string | undefined => {
  const columns = one.columns ?? []
  const expected = one.rows ?? []
  const wrongType = columns.findIndex((column, index) => !sameType(column, types[index] ?? ''))
  if (columns.length !== types.length || wrongType >= 0)
    return `types ${types.join(', ')} for ${columns.map((column) => `${column.type} ${column.mode ?? ''}`).join(', ')}`
  if (!sameRows(expected, rows, columns)) return `rows ${show(rows)} for ${show(expected)}`
  const positions =
    one.ordered === true
      ? columns.map((_, index) => index)
      : Array.isArray(one.ordered)
        ? (one.ordered as number[])
        : []
  const inOrder = expected.every((row, index) =>
    sameRow(
      positions.map((at) => row[at]),
      positions.map((at) => rows[index]?.[at]),
      positions.map((at) => columns[at] as Column),
    ),
  )
  return inOrder ? undefined : `order ${show(rows)} for ${show(expected)}`
}

const show = (rows: unknown): string =>
  JSON.stringify(rows, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value)).slice(0, 400)

const count = (results: readonly Result[]): Record<Verdict, number> => {
  const counts = { passed: 0, wrong: 0, refused: 0, crashed: 0 }
  for (const { verdict } of results) counts[verdict] += 1
  return counts
}

const main = async (): Promise<void> => {
  const { values } = parseArgs({
    options: { cases: { type: 'string' }, json: { type: 'boolean' }, only: { type: 'string' } },
  })
  if (values.cases === undefined)
    throw new Error('usage: node test/conformance/sql.ts --cases FILE [--json] [--only PATTERN]')
  const file = JSON.parse(readFileSync(values.cases, 'utf8')) as { cases: SqlCase[]; tables: Record<string, CaseTable> }
  const connection = await (await DuckDBInstance.create(':memory:')).connect()
  for (const statement of [...SESSION_SETTINGS, ...MACROS]) await connection.run(statement)
  const translate = await loadTranslator()
  const results: Result[] = []
  for (const one of file.cases)
    if (values.only === undefined || one.id.includes(values.only))
      results.push(await runCase(one, file.tables, connection, translate))
  const categories = Object.fromEntries(
    [...new Set(results.map((one) => one.category))]
      .sort()
      .map((name) => [name, count(results.filter((one) => one.category === name))]),
  )
  const document = { total: results.length, ...count(results), categories, cases: results }
  if (values.json === true) return void process.stdout.write(`${JSON.stringify(document, null, 1)}\n`)
  for (const result of results.filter((one) => one.verdict === 'wrong' || one.verdict === 'crashed'))
    process.stdout.write(`${result.verdict} ${result.id}: ${result.detail}\n`)
  process.stdout.write(
    Object.entries(categories)
      .map(([name, counts]) => `${name.padEnd(16)} ${JSON.stringify(counts)}`)
      .join('\n'),
  )
  process.stdout.write(`\n${results.length} cases: ${JSON.stringify(count(results))}\n`)
}

await main()

import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { TableSchema } from '@convergence/core/table.ts'
import { openDuckDbTable } from '../../../test/conformance/duckdb-table.ts'
import { compileCondition } from './conditions.ts'
import { DIALECTS, type Dialect } from './dialect.ts'
import { createParameters } from './parameters.ts'

const schema: TableSchema = [
  { name: 'n', type: 'INT64', mode: 'NULLABLE' },
  { name: 'm', type: 'INT64', mode: 'NULLABLE' },
  { name: 's', type: 'STRING', mode: 'NULLABLE' },
  { name: 'price', type: 'NUMERIC', mode: 'NULLABLE' },
  { name: 'day', type: 'DATE', mode: 'NULLABLE' },
  { name: 'odd `name', type: 'BOOL', mode: 'NULLABLE' },
]

const compile = (text: string, name: Dialect['name'] = 'duckdb') => {
  const parameters = createParameters(DIALECTS[name], 'p')
  const sql = compileCondition(text, { schema, dialect: DIALECTS[name], parameters, tolerant: false })
  return { sql, parameters: parameters.all }
}

it('quotes names and binds values in both dialects', () => {
  const text = `s LIKE 'a\\%%' AND NOT (n + 1 >= 2.5 OR price IN (0.1, 3)) AND day < DATE '2026-02-01'`
  expect(compile(text, 'bigquery').sql).toBe(
    '(((`s` LIKE CAST(@p_0 AS STRING)) AND (NOT (((`n` + CAST(@p_1 AS INT64)) >= CAST(@p_2 AS INT64)) OR (`price` IN UNNEST(@p_3))))) AND (`day` < CAST(@p_4 AS DATE)))',
  )
  expect(compile(text, 'duckdb').sql).toBe(
    `((("s" LIKE CAST($p_0 AS VARCHAR) ESCAPE '\\') AND (NOT ((("n" + CAST($p_1 AS BIGINT)) >= CAST($p_2 AS BIGINT)) OR (list_contains(CAST($p_3 AS DECIMAL(38, 9)[]), "price"))))) AND ("day" < CAST($p_4 AS DATE)))`,
  )
  expect(compile(text).parameters.map(({ value }) => value)).toEqual(['a\\%%', '1', '3', ['0.1', '3'], '2026-02-01'])
})

it.each([
  ['nn = 1', 'position 1: the table has no column nn; did you mean "n"?'],
  ['n = 1; DROP TABLE x', 'position 6: unexpected ";"'],
  ['n = 1 -- all', 'position 7: comments are not supported'],
  ['n = (SELECT 1)', 'position 6: unexpected SELECT'],
  ['SLEEP(5) = n', 'position 1: SLEEP is not supported'],
  ["n = '1'", 'position 5: "1" is a text, and is compared with INT64'],
  ['s = 1', 'position 3: column s is STRING, and 1 is not a value of that type'],
  ['n', 'position 1: expected a condition, not INT64'],
  ['n = NULL', 'position 5: a comparison with NULL is never true: write IS NULL'],
  ['1 = 1', 'position 3: compares two literals'],
  ['n / 2 = 1', 'position 3: / is not supported'],
  ["REGEXP_CONTAINS(s, '(?=a)')", 'position 1: regex "(?=a)": unsupported group'],
  ["day = '2026-02-30'", 'position 5: column day is DATE, and "2026-02-30" is not a value of that type'],
  ['n = 1 AND', 'position 10: the condition ends too early'],
  ["s = 'a", "position 5: this ' does not begin a text"],
  [`${'('.repeat(60)}n = 1${')'.repeat(60)}`, 'more than 50 levels'],
  [`${'-'.repeat(60)}n = 1`, 'comments are not supported'],
  [`${'NOT '.repeat(60)}n = 1`, 'more than 50 levels'],
])('refuses %s', (text, message) => {
  expect(() => compile(text)).toThrow(message)
})

type Row = { n: number | null; m: number | null; s: string | null }
type Truth = boolean | null
/** A condition as text, and what it is for a row. */
interface Condition {
  text: string
  of: (row: Row) => Truth
}

const and = (a: Truth, b: Truth): Truth => (a === false || b === false ? false : a === null || b === null ? null : true)
const not = (a: Truth): Truth => (a === null ? null : !a)
const or = (a: Truth, b: Truth): Truth => not(and(not(a), not(b)))
const compare = (operator: string, a: number | string | null, b: number | string | null): Truth => {
  if (a === null || b === null) return null
  return { '=': a === b, '<>': a !== b, '!=': a !== b, '<': a < b, '<=': a <= b, '>': a > b, '>=': a >= b }[operator]!
}

const small = fc.integer({ min: -2, max: 3 })
const letters = fc.constantFrom('a', 'b', 'ab', '')
const operators = fc.constantFrom('=', '<>', '!=', '<', '<=', '>', '>=')
const leaf: fc.Arbitrary<Condition> = fc.oneof(
  fc.tuple(operators, small).map(([op, k]) => ({ text: `n ${op} ${k}`, of: ({ n }: Row) => compare(op, n, k) })),
  fc.tuple(operators, small).map(([op, k]) => ({
    text: `${k} ${op} n * 2 - m`,
    of: ({ n, m }: Row) => compare(op, k, n === null || m === null ? null : n * 2 - m),
  })),
  operators.map((op) => ({ text: `n ${op} m`, of: ({ n, m }: Row) => compare(op, n, m) })),
  fc.tuple(operators, letters).map(([op, k]) => ({ text: `s ${op} '${k}'`, of: ({ s }: Row) => compare(op, s, k) })),
  fc.tuple(small, small).map(([a, b]) => ({
    text: `n BETWEEN ${a} AND ${b}`,
    of: ({ n }: Row) => and(compare('>=', n, a), compare('<=', n, b)),
  })),
  fc
    .tuple(fc.array(small, { minLength: 1, maxLength: 3 }), fc.boolean(), fc.boolean())
    .map(([set, negated, withNull]) => ({
      text: `n ${negated ? 'NOT ' : ''}IN (${[...set, ...(withNull ? ['NULL'] : [])].join(', ')})`,
      of: ({ n }: Row) => {
        const found = n === null ? null : set.includes(n) ? true : withNull ? null : false
        return negated ? not(found) : found
      },
    })),
  fc.constantFrom(
    { text: 's IS NULL', of: ({ s }: Row) => s === null },
    { text: 'm IS NOT NULL', of: ({ m }: Row) => m !== null },
    { text: "s LIKE 'a%'", of: ({ s }: Row) => (s === null ? null : s.startsWith('a')) },
    { text: '(n > 0) IS NOT TRUE', of: ({ n }: Row) => !(n !== null && n > 0) },
    { text: 'COALESCE(n, m, 0) = 0', of: ({ n, m }: Row) => (n ?? m ?? 0) === 0 },
    { text: "REGEXP_CONTAINS(s, 'b$')", of: ({ s }: Row) => (s === null ? null : s.endsWith('b')) },
    { text: 'LENGTH(s) = 1', of: ({ s }: Row) => (s === null ? null : s.length === 1) },
    {
      text: 'SAFE_DIVIDE(n, m) > 0.5',
      of: ({ n, m }: Row) => (n === null || m === null || m === 0 ? null : n / m > 0.5),
    },
    { text: 'TRUE', of: () => true },
    { text: 'NULL', of: () => null },
  ),
)
const { condition } = fc.letrec<{ condition: Condition }>((tie) => ({
  condition: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    leaf,
    fc
      .tuple(tie('condition'), tie('condition'))
      .map(([a, b]) => ({ text: `(${a.text}) AND (${b.text})`, of: (row: Row) => and(a.of(row), b.of(row)) })),
    fc
      .tuple(tie('condition'), tie('condition'))
      .map(([a, b]) => ({ text: `(${a.text} or ${b.text})`, of: (row: Row) => or(a.of(row), b.of(row)) })),
    tie('condition').map((a) => ({ text: `NOT (${a.text})`, of: (row: Row) => not(a.of(row)) })),
  ),
}))

it('answers as three-valued logic does, on every row', async () => {
  const ns = [null, -1, 0, 1, 2, 3]
  const rows: Row[] = ns.flatMap((n) =>
    [null, 0, 1, 2].flatMap((m) => [null, '', 'a', 'ab', 'b'].map((s) => ({ n, m, s }))),
  )
  const table = await openDuckDbTable({
    types: { n: 'BIGINT', m: 'BIGINT', s: 'VARCHAR' },
    columns: { n: rows.map(({ n }) => n), m: rows.map(({ m }) => m), s: rows.map(({ s }) => s) },
  })
  await fc.assert(
    fc.asyncProperty(condition, async ({ text, of }) => {
      const { sql, parameters } = compile(text)
      const found = await table.query({ sql: `SELECT (${sql}) AS truth FROM {{input}}`, inputs: {}, parameters })
      expect({ text, found }).toEqual({ text, found: rows.map((row) => [of(row)]) })
    }),
    { numRuns: 400 },
  )
  table.close()
})

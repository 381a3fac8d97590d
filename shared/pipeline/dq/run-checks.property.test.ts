import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { TableSchema } from '@convergence/core/table.ts'
import { openDuckDbTable } from '../../../test/conformance/duckdb-table.ts'
import { addSamples, evaluateChecks, planChecks, type NamedQuery, type RowsByName } from './run-checks.ts'

/** A table of one column of each kind, and what each expectation means on it, written down a second time without SQL. */
interface Row {
  /** INT64 */
  n: number | null
  m: number | null
  /** NUMERIC(10, 2) in cents */
  cents: number | null
  x: number | null
  s: string | null
}

const schema: TableSchema = [
  { name: 'n', type: 'INT64', mode: 'NULLABLE' },
  { name: 'm', type: 'INT64', mode: 'NULLABLE' },
  { name: 'price', type: 'NUMERIC', mode: 'NULLABLE', precision: 10, scale: 2 },
  { name: 'x', type: 'FLOAT64', mode: 'NULLABLE' },
  { name: 's', type: 'STRING', mode: 'NULLABLE' },
]
const types = { n: 'BIGINT', m: 'BIGINT', price: 'DECIMAL(10, 2)', x: 'DOUBLE', s: 'VARCHAR' }

/** An expectation, and the model's verdict: success, or of rows how many are looked at and how many are bad. */
interface Modelled {
  type: string
  kwargs: Record<string, unknown>
  model: (
    rows: readonly Row[],
  ) => { success: boolean; elements: number; missing: number; unexpected: number } | { success: boolean }
}

const nullable = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null, freq: 4 })
const small = fc.integer({ min: -2, max: 4 })
const word = fc.constantFrom<string>('', 'a', 'ab', 'b', 'ä%')
const row: fc.Arbitrary<Row> = fc.record({
  n: nullable(small),
  m: nullable(small),
  cents: nullable(fc.integer({ min: -4, max: 8 })),
  x: nullable(fc.constantFrom(-1.5, 0, 0.1, 0.1 + 0.2, 2)),
  s: nullable(word),
})

/** `row_condition`, and what it lets through. */
const conditions: fc.Arbitrary<[string | undefined, (row: Row) => boolean]> = fc.constantFrom(
  [undefined, () => true],
  ['m <> 1', ({ m }: Row) => m !== null && m !== 1],
  ["NOT (s = 'a' OR n > 2)", ({ s, n }: Row) => s !== null && n !== null && s !== 'a' && n <= 2],
)
const mostly = fc.constantFrom(1, 0.75, 0.5, 0.3, 0)

interface RowModel {
  type: string
  kwargs: Record<string, unknown>
  missing: (row: Row) => boolean
  good: (row: Row) => boolean
}

const rowsModel = (rule: fc.Arbitrary<RowModel>): fc.Arbitrary<Modelled> =>
  fc.tuple(rule, conditions, mostly).map(([{ type, kwargs, missing, good }, [condition, holds], share]) => ({
    type,
    kwargs: { ...kwargs, mostly: share, ...(condition !== undefined && { row_condition: condition }) },
    model: (rows) => {
      const elements = rows.filter(holds)
      const looked = elements.filter((one) => !missing(one))
      const unexpected = looked.filter((one) => !good(one)).length
      const success = looked.length === 0 || (looked.length - unexpected) / looked.length >= share
      return { success, elements: elements.length, missing: elements.length - looked.length, unexpected }
    },
  }))

const bounds = fc
  .tuple(nullable(small), nullable(small), fc.boolean(), fc.boolean())
  .filter(([min, max]) => (min !== null || max !== null) && (min === null || max === null || min <= max))
const inside = (value: number, [min, max, strictMin, strictMax]: [number | null, number | null, boolean, boolean]) =>
  (min === null || (strictMin ? value > min : value >= min)) &&
  (max === null || (strictMax ? value < max : value <= max))
const boundKwargs = ([min, max, strictMin, strictMax]: [number | null, number | null, boolean, boolean], unit = 1) => ({
  min_value: min === null ? null : min / unit,
  max_value: max === null ? null : max / unit,
  strict_min: strictMin,
  strict_max: strictMax,
})

const valueRule = fc.oneof(
  bounds.map((b) => ({
    type: 'expect_column_values_to_be_between',
    kwargs: { column: 'n', ...boundKwargs(b) },
    missing: ({ n }: Row) => n === null,
    good: ({ n }: Row) => inside(n!, b),
  })),
  // Bounds in tenths of a cent: more digits than the column holds.
  fc.tuple(bounds, fc.integer({ min: -9, max: 9 })).map(([[min, max, ...strict], by]) => {
    const b: [number | null, number | null, boolean, boolean] = [
      min === null ? null : min * 20 + by,
      max === null ? null : max * 20 + by,
      ...strict,
    ]
    return {
      type: 'expect_column_values_to_be_between',
      kwargs: { column: 'price', ...boundKwargs(b, 1000) },
      missing: ({ cents }: Row) => cents === null,
      good: ({ cents }: Row) => inside(cents! * 10, b),
    }
  }),
  fc.array(fc.constantFrom(-1.5, 0, 0.3, 7), { maxLength: 3 }).map((set) => ({
    type: 'expect_column_values_to_be_in_set',
    kwargs: { column: 'x', value_set: set },
    missing: ({ x }: Row) => x === null,
    good: ({ x }: Row) => set.some((one) => Math.abs(one - x!) <= 1e-9),
  })),
  fc.array(fc.constantFrom<number>(0, 1, 2.5, 3), { maxLength: 3 }).map((set) => ({
    type: 'expect_column_values_to_not_be_in_set',
    kwargs: { column: 'n', value_set: set },
    missing: ({ n }: Row) => n === null,
    good: ({ n }: Row) => !set.includes(n!),
  })),
  fc.constantFrom('', '^a', 'b$', 'ä').map((regex) => ({
    type: 'expect_column_values_to_match_regex',
    kwargs: { column: 's', regex },
    missing: ({ s }: Row) => s === null,
    good: ({ s }: Row) => new RegExp(regex, 'u').test(s!),
  })),
  bounds
    .filter(([min, max]) => (min ?? 0) >= 0 && (max ?? 0) >= 0)
    .map((b) => ({
      type: 'expect_column_value_lengths_to_be_between',
      kwargs: { column: 's', ...boundKwargs(b) },
      missing: ({ s }: Row) => s === null,
      good: ({ s }: Row) => inside(s!.length, b),
    })),
  fc.constant({
    type: 'expect_column_values_to_not_be_null',
    kwargs: { column: 's' },
    missing: () => false,
    good: ({ s }: Row) => s !== null,
  }),
  fc.constant({
    type: 'expect_column_values_to_be_null',
    kwargs: { column: 'x' },
    missing: () => false,
    good: ({ x }: Row) => x === null,
  }),
)

const ignores = fc.constantFrom('both_values_are_missing', 'either_value_is_missing', 'neither')
const ignored = (rule: string, a: unknown, b: unknown) =>
  rule === 'neither' ? false : rule === 'both_values_are_missing' ? a === null && b === null : a === null || b === null
const pairRule = fc.tuple(ignores, fc.boolean(), fc.boolean()).map(([ignore_row_if, equal, orEqual]) => ({
  type: equal ? 'expect_column_pair_values_to_be_equal' : 'expect_column_pair_values_a_to_be_greater_than_b',
  kwargs: { column_A: 'n', column_B: 'm', ignore_row_if, ...(!equal && { or_equal: orEqual }) },
  missing: ({ n, m }: Row) => ignored(ignore_row_if, n, m),
  good: ({ n, m }: Row) => n !== null && m !== null && (equal ? n === m : orEqual ? n >= m : n > m),
}))

const repeats = (keys: readonly string[]) => keys.filter((key) => keys.indexOf(key) !== keys.lastIndexOf(key)).length
const uniqueModel: fc.Arbitrary<Modelled> = fc
  .tuple(conditions, mostly, fc.boolean())
  .map(([[condition, holds], share, compound]) => ({
    type: compound ? 'expect_compound_columns_to_be_unique' : 'expect_column_values_to_be_unique',
    kwargs: {
      ...(compound ? { column_list: ['n', 's'] } : { column: 'n' }),
      mostly: share,
      ...(condition !== undefined && { row_condition: condition }),
    },
    model: (rows) => {
      const elements = rows.filter(holds)
      const looked = elements.filter(({ n, s }) => n !== null || (compound && s !== null))
      const unexpected = repeats(looked.map(({ n, s }) => JSON.stringify(compound ? [n, s] : n)))
      const success = looked.length === 0 || (looked.length - unexpected) / looked.length >= share
      return { success, elements: elements.length, missing: elements.length - looked.length, unexpected }
    },
  }))

const aggregateModel: fc.Arbitrary<Modelled> = fc
  .tuple(bounds, conditions, fc.constantFrom('mean', 'min', 'max', 'sum', 'median'))
  .map(([b, [condition, holds], name]) => ({
    type: `expect_column_${name}_to_be_between`,
    kwargs: { column: 'price', ...boundKwargs(b, 50), ...(condition !== undefined && { row_condition: condition }) },
    model: (rows) => {
      const values = rows
        .filter(holds)
        .flatMap(({ cents }) => cents ?? [])
        .toSorted((x, y) => x - y)
      const sum = values.reduce((total, value) => total + value, 0)
      const middle = (values[(values.length - 1) >> 1]! + values[values.length >> 1]!) / 2
      const value = { mean: sum / values.length, min: values[0]!, max: values.at(-1)!, sum, median: middle }[name]!
      const inCents: typeof b = [b[0] === null ? null : b[0] * 2, b[1] === null ? null : b[1] * 2, b[2], b[3]]
      return { success: values.length > 0 && inside(value, inCents) }
    },
  }))

const setModel: fc.Arbitrary<Modelled> = fc
  .tuple(fc.array(word, { maxLength: 4 }), conditions, fc.constantFrom('be_in', 'contain', 'equal'))
  .map(([set, [condition, holds], name]) => ({
    type: `expect_column_distinct_values_to_${name}_set`,
    kwargs: { column: 's', value_set: set, ...(condition !== undefined && { row_condition: condition }) },
    model: (rows) => {
      const found = new Set(rows.filter(holds).flatMap(({ s }) => s ?? []))
      const within = [...found].every((one) => set.includes(one))
      const contains = set.every((one) => found.has(one))
      return { success: name === 'be_in' ? within : name === 'contain' ? contains : within && contains }
    },
  }))

const expectation = fc.oneof(
  { weight: 4, arbitrary: rowsModel(valueRule) },
  { weight: 2, arbitrary: rowsModel(pairRule) },
  uniqueModel,
  { weight: 3, arbitrary: aggregateModel },
  setModel,
)

it('judges every expectation of a plan as the model does, in one scan', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(row, { maxLength: 9 }),
      fc.array(expectation, { minLength: 10, maxLength: 30 }),
      async (rows, expectations) => {
        const table = await openDuckDbTable({
          types,
          columns: {
            n: rows.map(({ n }) => n),
            m: rows.map(({ m }) => m),
            price: rows.map(({ cents }) => cents && cents / 100),
            x: rows.map(({ x }) => x),
            s: rows.map(({ s }) => s),
          },
        })
        const runAll = async (queries: readonly NamedQuery[]): Promise<RowsByName> =>
          Object.fromEntries(
            await Promise.all(queries.map(async ({ name, sql }) => [name, await table.query(sql)] as const)),
          )
        const plan = planChecks({
          expectations: expectations.map(({ type, kwargs }) => ({
            expectation_type: type,
            kwargs,
            severity: 'critical' as const,
          })),
          schema,
          dialect: 'duckdb',
          input: { kind: 'parts', parts: [], schema },
        })
        const { results, sampleQueries } = evaluateChecks(plan, await runAll(plan.queries))
        const sampled = addSamples(plan, results, await runAll(sampleQueries))
        table.close()
        sampled.forEach((result, index) => {
          const { type, kwargs, model } = expectations[index]!
          const wanted = model(rows)
          const about = { type, kwargs, message: result.message }
          expect({ ...about, success: result.success, error: result.status === 'error' }).toEqual({
            ...about,
            success: wanted.success,
            error: false,
          })
          if (!('elements' in wanted)) return
          const { elementCount, missingCount, unexpectedCount, samples } = result
          expect({ ...about, elementCount, missingCount, unexpectedCount, samples: samples.length }).toEqual({
            ...about,
            elementCount: wanted.elements,
            missingCount: wanted.missing,
            unexpectedCount: wanted.unexpected,
            samples: wanted.unexpected,
          })
        })
        expect(plan.queries.filter(({ name }) => name === 'scan').length).toBeLessThanOrEqual(1)
        expect(plan.queries.every(({ name }) => name === 'scan' || name.startsWith('grouped_'))).toBe(true)
      },
    ),
    { numRuns: 40 },
  )
})

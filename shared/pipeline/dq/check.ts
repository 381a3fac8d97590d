import { didYouMean } from '@convergence/core/config/suggest.ts'
import type { Field, TableSchema } from '@convergence/core/table.ts'
import { BadExpectation } from './bad-expectation.ts'
import type { Comparing } from './compare.ts'
import type { Operand } from './operand.ts'

export type Row = readonly unknown[]

/** What a check found out about the table. */
export interface Outcome {
  readonly success: boolean
  readonly observedValue?: unknown
  /** Rows that the row condition lets through. */
  readonly elementCount?: number | undefined
  /** Of these, rows that are not looked at: NULL, or by `ignore_row_if`. */
  readonly missingCount?: number | undefined
  readonly unexpectedCount?: number | undefined
  readonly message: string
  readonly details?: Readonly<Record<string, unknown>>
}

/** One expectation, compiled. Without measures and queries it costs no look at the data. */
export interface Check {
  /** Aggregates over the input: columns of the one scan. */
  readonly measures: readonly string[]
  /** What one pass of aggregates cannot answer: whole SELECTs over `{{input}}`. */
  readonly queries: readonly string[]
  judge(measures: Row, queries: readonly (readonly Row[])[]): Outcome
  /** Asked for only after the check found unexpected rows. */
  readonly samples?: { readonly columns: readonly Field[]; sql(select: string, limit: number): string }
  /** Boolean SQL for the select list: true for rows that fail. */
  readonly failing?: string
}

export interface CheckContext extends Comparing {
  readonly schema: TableSchema
  /** Boolean SQL; undefined: every row. */
  readonly condition: string | undefined
}

export const columnOf = ({ schema, dialect }: CheckContext, name: string): Operand => {
  const field = schema.find((one) => one.name === name)
  if (field) return { sql: dialect.identifier(name), field }
  throw new BadExpectation(
    `the table has no column ${name}${didYouMean(
      name,
      schema.map((one) => one.name),
    )}`,
  )
}

/** All of them; TRUE when there is none. */
export const all = (...conditions: readonly (string | undefined)[]): string => {
  const given = conditions.filter((condition) => condition !== undefined)
  return given.length === 0 ? 'TRUE' : given.map((condition) => `(${condition})`).join(' AND ')
}

/** How many rows for which all conditions are true. */
export const countRows = ({ dialect }: CheckContext, ...conditions: readonly (string | undefined)[]): string =>
  conditions.every((condition) => condition === undefined) ? 'COUNT(*)' : dialect.countIf(all(...conditions))

/** The value in rows that meet the condition, NULL in others: what an aggregate takes. */
export const valueWhere = (value: string, condition: string | undefined): string =>
  condition === undefined ? value : `CASE WHEN ${condition} THEN ${value} END`

export const asCount = (value: unknown): number => Number(value ?? 0)

/** What is known without a look at the data. */
export const immediate = (outcome: Outcome): Check => ({ measures: [], queries: [], judge: () => outcome })

/** Of a check's only query, which gives one row. */
export const firstRow = (queries: readonly (readonly Row[])[]): Row => queries[0]?.[0] ?? []

/** A value of a row for a message, or to read digits from. */
export const valueText = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))

import type { ExpectationKwargs } from '@convergence/core/config/expectation-types.ts'
import { PLATFORM_FIELD_NAMES } from '@convergence/core/table.ts'
import { asCount, countRows, columnOf, immediate, type Check, type CheckContext, type Outcome } from '../check.ts'
import { isOfType } from '../type-names.ts'
import { typeText } from '../operand.ts'

/** About the table: of its columns, without a look at the data; of its number of rows. */
const names = ({ schema }: CheckContext): string[] => schema.map(({ name }) => name)

/** The tenant's columns, and those of the platform's that the expectation names. */
const countedNames = (context: CheckContext, named: readonly string[] = []): string[] =>
  names(context).filter((name) => !PLATFORM_FIELD_NAMES.has(name) || named.includes(name))

export const columnExists = (
  context: CheckContext,
  { column, column_index: index }: ExpectationKwargs<'expect_column_to_exist'>,
): Check => {
  const at = names(context).indexOf(column)
  const success = at !== -1 && (index === undefined || index === at)
  return immediate({
    success,
    message: at === -1 ? `the table has no column ${column}` : `column ${column} is at index ${at}`,
  })
}

export const columnsMatchSet = (
  context: CheckContext,
  kwargs: ExpectationKwargs<'expect_table_columns_to_match_set'>,
): Check => {
  const [has, wants] = [new Set(countedNames(context, kwargs.column_set)), new Set(kwargs.column_set)]
  const unexpected = [...has].filter((name) => !wants.has(name)).toSorted()
  const missing = [...wants].filter((name) => !has.has(name)).toSorted()
  const mismatched = { ...(unexpected.length > 0 && { unexpected }), ...(missing.length > 0 && { missing }) }
  return immediate({
    success: missing.length === 0 && (unexpected.length === 0 || !kwargs.exact_match),
    observedValue: [...has].toSorted(),
    message: [`the table has ${has.size} columns`, listed('missing', missing), listed('unexpected', unexpected)]
      .filter(Boolean)
      .join('; '),
    details: { mismatched },
  })
}

const listed = (what: string, columns: readonly string[]): string =>
  columns.length === 0 ? '' : `${what}: ${columns.join(', ')}`

export const columnsMatchList = (
  context: CheckContext,
  { column_list: wanted }: { readonly column_list: readonly string[] },
): Check => {
  const found = countedNames(context, wanted)
  const at = Array.from({ length: Math.max(found.length, wanted.length) }, (_, index) => index).find(
    (index) => found[index] !== wanted[index],
  )
  return immediate({
    success: at === undefined,
    observedValue: found,
    message:
      at === undefined
        ? 'the columns are as listed'
        : `column ${at + 1} is ${found[at] ?? 'not there'}, and must be ${wanted[at] ?? 'none'}`,
  })
}

interface CountRange {
  readonly min_value: number | null
  readonly max_value: number | null
}

const countOutcome = (what: string, count: number, { min_value: min, max_value: max }: CountRange): Outcome => {
  const success = count >= (min ?? 0) && count <= (max ?? Infinity)
  const bounds =
    min === max
      ? `${min}`
      : [min === null ? '' : `at least ${min}`, max === null ? '' : `at most ${max}`].filter(Boolean).join(' and ')
  return {
    success,
    observedValue: count,
    message: `the table has ${count} ${what}${bounds === '' || bounds === 'null' ? '' : `, and ${success ? 'has to have' : 'must have'} ${bounds}`}`,
  }
}

export const columnCountBetween = (context: CheckContext, kwargs: CountRange): Check =>
  immediate(countOutcome('columns', countedNames(context).length, kwargs))

export const columnCountEquals = (context: CheckContext, { value }: { readonly value: number }): Check =>
  columnCountBetween(context, { min_value: value, max_value: value })

export const rowCountBetween = (context: CheckContext, kwargs: CountRange): Check => ({
  measures: [countRows(context, context.condition)],
  queries: [],
  judge: ([rows]) => ({ ...countOutcome('rows', asCount(rows), kwargs), elementCount: asCount(rows) }),
})

export const rowCountEquals = (context: CheckContext, { value }: { readonly value: number }): Check =>
  rowCountBetween(context, { min_value: value, max_value: value })

export const ofTypeList = (
  context: CheckContext,
  { column, type_list: list }: { readonly column: string; readonly type_list: readonly string[] },
): Check => {
  const { field } = columnOf(context, column)
  const success = list.some((name) => isOfType(field, name))
  return immediate({
    success,
    observedValue: typeText(field),
    message: `column ${column} is ${typeText(field)}${success ? '' : `, and must be ${list.join(' or ')}`}`,
  })
}

export const ofType = (context: CheckContext, kwargs: { readonly column: string; readonly type_: string }): Check =>
  ofTypeList(context, { column: kwargs.column, type_list: [kwargs.type_] })

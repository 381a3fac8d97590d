import type { ExpectationKwargs } from '@convergence/core/config/expectation-types.ts'
import type { Field } from '@convergence/core/table.ts'
import { BadExpectation } from '../bad-expectation.ts'
import {
  asCount,
  columnOf,
  countRows,
  valueText,
  valueWhere,
  type Check,
  type CheckContext,
  type Outcome,
  type Row,
} from '../check.ts'
import { parseDecimal, quotient, type Decimal } from '../decimal.ts'
import { isNumeric, kindOf, typeText, type Operand } from '../operand.ts'
import { boundsText, inBounds, type Bounds } from './column-values.ts'
import { checkNumberBounds, exactInBounds, floatInBounds, plainNumber, plainValue } from './observed.ts'

/** One value for the whole column. A column without values has none, and fails. */
interface Aggregate {
  /** `mean`, for messages. */
  readonly name: string
  readonly column: Operand
  readonly measures: readonly string[]
  /** Throws BadExpectation where the bounds are of another type than the column. */
  judge(measures: Row, count: number): { success: boolean; observedValue: unknown }
}

type OfColumn = ExpectationKwargs<'expect_column_mean_to_be_between'>

const aggregateCheck = (context: CheckContext, kwargs: OfColumn, aggregate: Aggregate): Check => ({
  measures: [
    countRows(context, context.condition),
    countRows(context, context.condition, `${aggregate.column.sql} IS NOT NULL`),
    ...aggregate.measures,
  ],
  queries: [],
  judge: ([elements, present, ...measures]) => {
    const count = asCount(present)
    const { success, observedValue } =
      count === 0 ? { success: false, observedValue: null } : aggregate.judge(measures, count)
    return aggregateOutcome(aggregate.name, kwargs, {
      success,
      observedValue,
      elementCount: asCount(elements),
      missingCount: asCount(elements) - count,
    })
  },
})

type Found = Pick<Outcome, 'success' | 'observedValue' | 'elementCount' | 'missingCount'>

export const aggregateOutcome = (name: string, kwargs: Bounds & { readonly column: string }, found: Found): Outcome => {
  const bounds = boundsText(kwargs)
  const value =
    found.observedValue === null
      ? `column ${kwargs.column} has no ${name}`
      : `the ${name} of ${kwargs.column} is ${valueText(found.observedValue)}`
  return { ...found, message: bounds === '' ? value : `${value}, and ${found.success ? 'is' : 'must be'} ${bounds}` }
}

/** A type that has no such aggregate, or bounds of another type: wrong only where there is a value to judge. */
const hopeless = (name: string, column: Operand, error: BadExpectation): Aggregate => ({
  name,
  column,
  measures: [],
  judge: () => {
    throw error
  },
})

const extreme =
  (name: 'minimum' | 'maximum', sql: 'MIN' | 'MAX') =>
  (context: CheckContext, kwargs: OfColumn): Check => {
    const column = columnOf(context, kwargs.column)
    const observed: Operand = { sql: `${sql}(${valueWhere(column.sql, context.condition)})`, field: column.field }
    try {
      const inside = inBounds(observed, kwargs, context) ?? 'TRUE'
      return aggregateCheck(context, kwargs, {
        name,
        column,
        measures: [observed.sql, inside],
        judge: ([value, success]) => ({
          success: success === true,
          observedValue: plainValue(value, column.field.type),
        }),
      })
    } catch (error) {
      if (error instanceof BadExpectation) return aggregateCheck(context, kwargs, hopeless(name, column, error))
      throw error
    }
  }

export const minBetween = extreme('minimum', 'MIN')
export const maxBetween = extreme('maximum', 'MAX')

/** Sums, means and the like: of numbers, and of BOOL as 0 and 1. */
const numeric =
  (
    name: string,
    build: (context: CheckContext, column: Operand, kwargs: OfColumn) => Omit<Aggregate, 'name' | 'column'>,
  ) =>
  (context: CheckContext, kwargs: OfColumn): Check => {
    checkNumberBounds(kwargs)
    const column = columnOf(context, kwargs.column)
    const known = isNumeric(column.field) || kindOf(column.field) === 'bool'
    return aggregateCheck(
      context,
      kwargs,
      known ? { name, column, ...build(context, column, kwargs) } : hopeless(name, column, notNumeric(column.field)),
    )
  }

export const notNumeric = (field: Field): BadExpectation =>
  new BadExpectation(`column ${field.name} is ${typeText(field)}, and must be a number`)

export const asFloat = (context: CheckContext, { sql, field }: Operand): string => {
  const float = context.dialect.typeName({ type: 'FLOAT64' })
  if (field.type === 'FLOAT64') return sql
  return field.type === 'BOOL'
    ? `CAST(CAST(${sql} AS ${context.dialect.typeName({ type: 'INT64' })}) AS ${float})`
    : `CAST(${sql} AS ${float})`
}

const floatAggregate = (sql: string, kwargs: Bounds): Omit<Aggregate, 'name' | 'column'> => ({
  measures: [sql],
  judge: ([value]) =>
    value === null
      ? { success: false, observedValue: null }
      : { success: floatInBounds(Number(value), kwargs), observedValue: Number(value) },
})

const exactAggregate = (
  context: CheckContext,
  { sql, field }: Operand,
  read: (sum: Decimal, count: bigint) => { success: boolean; observedValue: unknown },
) => ({
  measures: [context.dialect.exactSum(valueWhere(sql, context.condition), field)],
  judge: ([sum]: Row, count: number) => read(parseDecimal(valueText(sum))!, BigInt(count)),
})

export const sumBetween = numeric('sum', (context, column, kwargs) =>
  kindOf(column.field) === 'float'
    ? floatAggregate(`SUM(${valueWhere(column.sql, context.condition)})`, kwargs)
    : exactAggregate(context, column, (sum) => ({
        success: exactInBounds(sum, 1n, kwargs),
        observedValue: plainNumber(sum),
      })),
)

export const meanBetween = numeric('mean', (context, column, kwargs) =>
  kindOf(column.field) === 'float'
    ? floatAggregate(`AVG(${valueWhere(column.sql, context.condition)})`, kwargs)
    : exactAggregate(context, column, (sum, count) => ({
        success: exactInBounds(sum, count, kwargs),
        observedValue: meanValue(sum, count),
      })),
)

/** For a person: exact where the digits end, else as a float shows it. */
const meanValue = (sum: Decimal, count: bigint): number => Number(plainNumber(quotient(sum, count)))

/** Of a sample: divided by the number of values less one. */
export const stdevBetween = numeric('standard deviation', (context, column, kwargs) =>
  floatAggregate(`STDDEV_SAMP(${valueWhere(asFloat(context, column), context.condition)})`, kwargs),
)

export const proportionNotNull = (context: CheckContext, kwargs: OfColumn): Check => {
  checkNumberBounds(kwargs)
  const column = columnOf(context, kwargs.column)
  return {
    measures: [
      countRows(context, context.condition),
      countRows(context, context.condition, `${column.sql} IS NOT NULL`),
    ],
    queries: [],
    judge: ([elements, present]) => {
      const [rows, count] = [asCount(elements), asCount(present)]
      const share = rows === 0 ? null : count / rows
      const success = share !== null && floatInBounds(share, kwargs)
      return aggregateOutcome('share of values that are not null', kwargs, {
        success,
        observedValue: share,
        elementCount: rows,
        missingCount: rows - count,
      })
    },
  }
}

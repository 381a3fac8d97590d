import { BadExpectation } from '../bad-expectation.ts'
import { all, asCount, columnOf, countRows, firstRow, type Check, type CheckContext } from '../check.ts'
import { comparePair, type Operator } from '../compare.ts'
import { isNull, judgeRows } from './row-check.ts'

interface OfColumn {
  readonly column: string
  readonly mostly: number
  readonly strictly: boolean
}

/** Each value against the one before it, in the order of the rows; NULLs are left out first, and the first value is as it should be. */
const orderCheck =
  (fault: string, compare: Operator) =>
  (context: CheckContext, kwargs: OfColumn): Check => {
    const column = columnOf(context, kwargs.column)
    const { condition, dialect } = context
    if (!dialect.keepsOrder)
      throw new BadExpectation('rows of a BigQuery table have no order: this cannot be checked there')
    const before = { sql: 'dq_before', field: column.field }
    const expected = comparePair(column, kwargs.strictly ? compare : (`${compare}=` as Operator), before, context)
    const failing = `dq_before IS NOT NULL AND NOT COALESCE(${expected}, FALSE)`
    const pairs = `(SELECT *, LAG(${column.sql}) OVER () AS dq_before FROM {{input}} WHERE ${all(condition, `${column.sql} IS NOT NULL`)})`
    return {
      measures: [countRows(context, condition), countRows(context, condition, isNull(column))],
      queries: [`SELECT ${dialect.countIf(failing)} AS unexpected FROM ${pairs}`],
      judge: ([elements, missing], queries) =>
        judgeRows(
          { columns: [column], mostly: kwargs.mostly, fault },
          { elements: asCount(elements), missing: asCount(missing), unexpected: asCount(firstRow(queries)[0]) },
        ),
      samples: {
        columns: [column.field],
        sql: (select, limit) => `SELECT ${select} FROM ${pairs} WHERE ${failing} LIMIT ${limit}`,
      },
    }
  }

export const increasing = orderCheck('are out of increasing order', '>')
export const decreasing = orderCheck('are out of decreasing order', '<')

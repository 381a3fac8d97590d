import { all, asCount, columnOf, countRows, firstRow, valueText, type Check, type CheckContext } from '../check.ts'
import { BadExpectation } from '../bad-expectation.ts'
import { compareWith, isOneOf, type Scalar } from '../compare.ts'
import { kindOf, typeText, type Operand } from '../operand.ts'
import { aggregateOutcome } from './column-aggregates.ts'
import type { Bounds } from './column-values.ts'
import { checkNumberBounds, floatInBounds, plainValue } from './observed.ts'
import { missingRow, type IgnoreRow } from './record-values.ts'
import { isNull, judgeRows } from './row-check.ts'

/** Observed values that a result carries at most. */
const MAX_OBSERVED = 100

/** What needs the values of a column together: one grouped query each. */
export const groups = (context: CheckContext, columns: readonly Operand[], missing: string | undefined): string => {
  const odd = columns.find(({ field }) => kindOf(field) === 'opaque')
  if (odd) throw new BadExpectation(`column ${odd.field.name} is ${typeText(odd.field)}, whose values do not compare`)
  const keys = columns.map(({ sql }, index) => `${sql} AS v${index}`).join(', ')
  const where = all(context.condition, missing === undefined ? undefined : `NOT (${missing})`)
  return `WITH g AS (SELECT ${keys}, COUNT(*) AS n FROM {{input}} WHERE ${where} GROUP BY ${columns.map((_, index) => index + 1).join(', ')})`
}

export const integer = (context: CheckContext, sql: string): string =>
  `CAST(${sql} AS ${context.dialect.typeName({ type: 'INT64' })})`

interface Unique {
  readonly columns: readonly Operand[]
  readonly missing: string | undefined
  readonly mostly: number
}

/** Every row of a value that more than one row has is unexpected. In several columns NULL equals NULL. */
const uniqueCheck = (context: CheckContext, { columns, missing, mostly }: Unique): Check => {
  const rows = all(context.condition, missing === undefined ? undefined : `NOT (${missing})`)
  const partition = columns.map(({ sql, field }) => context.dialect.partitionKey(sql, field)).join(', ')
  return {
    measures: [
      countRows(context, context.condition),
      missing === undefined ? '0' : countRows(context, context.condition, missing),
    ],
    queries: [
      `${groups(context, columns, missing)} SELECT ${integer(context, 'SUM(CASE WHEN n > 1 THEN n ELSE 0 END)')} AS unexpected FROM g`,
    ],
    judge: ([elements, ignored], queries) =>
      judgeRows(
        { columns, mostly, fault: 'are there more than once' },
        { elements: asCount(elements), missing: asCount(ignored), unexpected: asCount(firstRow(queries)[0]) },
      ),
    // In a select list only: a window function cannot stand in WHERE.
    failing: all(
      rows === 'TRUE' ? undefined : rows,
      `SUM(CASE WHEN ${rows} THEN 1 ELSE 0 END) OVER (PARTITION BY ${partition}) > 1`,
    ),
    samples: {
      columns: columns.map(({ field }) => field),
      sql: (select, limit) =>
        `SELECT ${select} FROM {{input}} WHERE ${rows} QUALIFY COUNT(*) OVER (PARTITION BY ${partition}) > 1 LIMIT ${limit}`,
    },
  }
}

export const unique = (context: CheckContext, kwargs: { readonly column: string; readonly mostly: number }): Check => {
  const column = columnOf(context, kwargs.column)
  return uniqueCheck(context, { columns: [column], missing: isNull(column), mostly: kwargs.mostly })
}

interface OfColumns {
  readonly column_list: readonly string[]
  readonly ignore_row_if: IgnoreRow
  readonly mostly: number
}

export const compoundUnique = (context: CheckContext, kwargs: OfColumns): Check => {
  const columns = kwargs.column_list.map((name) => columnOf(context, name))
  return uniqueCheck(context, { columns, missing: missingRow(columns, kwargs.ignore_row_if), mostly: kwargs.mostly })
}

type OfRange = Bounds & { readonly column: string }

const distinctCheck =
  (name: string, observe: (distinct: number, present: number) => number) =>
  (context: CheckContext, kwargs: OfRange): Check => {
    checkNumberBounds(kwargs)
    const column = columnOf(context, kwargs.column)
    return {
      measures: [
        countRows(context, context.condition),
        countRows(context, context.condition, `${column.sql} IS NOT NULL`),
      ],
      queries: [`${groups(context, [column], isNull(column))} SELECT COUNT(*) AS distinct_values FROM g`],
      judge: ([elements, present], queries) => {
        const observedValue = observe(asCount(firstRow(queries)[0]), asCount(present))
        const counts = { elementCount: asCount(elements), missingCount: asCount(elements) - asCount(present) }
        return aggregateOutcome(name, kwargs, {
          success: floatInBounds(observedValue, kwargs),
          observedValue,
          ...counts,
        })
      },
    }
  }

export const distinctCount = distinctCheck('number of different values', (distinct) => distinct)
export const distinctShare = distinctCheck('share of different values', (distinct, present) =>
  present === 0 ? 0 : distinct / present,
)

interface OfSet {
  readonly column: string
  readonly value_set: readonly Scalar[]
}

interface DistinctFound {
  readonly distinct: number
  readonly known: number
  /** Members of the set that some row has. */
  readonly found: number
  readonly members: number
}

const setCheck =
  (describe: string, holds: (found: DistinctFound) => boolean) =>
  (context: CheckContext, kwargs: OfSet): Check => {
    const column = columnOf(context, kwargs.column)
    const value: Operand = { sql: 'v0', field: column.field }
    const members = [...new Set(kwargs.value_set)]
    const known = `CASE WHEN ${isOneOf(value, members, context)} THEN 1 ELSE 0 END`
    const sum = (sql: string) => integer(context, `SUM(${sql}) OVER ()`)
    const found =
      kindOf(column.field) === 'float' && members.length > 0
        ? members
            .map((member) => `MAX(CASE WHEN ${compareWith(value, '=', member, context)} THEN 1 ELSE 0 END) OVER ()`)
            .join(' + ')
        : sum(known)
    const list = `SELECT v0, n, ${known} AS known, COUNT(*) OVER () AS distinct_values, ${sum(known)} AS known_values, ${found} AS found, ROW_NUMBER() OVER (ORDER BY v0) AS place FROM g`
    return {
      measures: [countRows(context, context.condition), countRows(context, context.condition, isNull(column))],
      // Unknown values first: a result carries only so many.
      queries: [`${groups(context, [column], isNull(column))} ${list} ORDER BY known, place LIMIT ${MAX_OBSERVED}`],
      judge: ([elements, missing], [rows = []]) => {
        const [, , , distinct, knownValues, foundMembers] = (rows[0] ?? []).map(asCount)
        const success = holds({
          distinct: distinct ?? 0,
          known: knownValues ?? 0,
          found: foundMembers ?? 0,
          members: members.length,
        })
        const values = rows
          .toSorted((a, b) => asCount(a[6]) - asCount(b[6]))
          .map(([one, n]) => ({ value: plainValue(one, column.field.type), count: asCount(n) }))
        const unknown = rows.filter((row) => asCount(row[2]) === 0).map(([one]) => valueText(one))
        return {
          success,
          observedValue: values.map((one) => one.value),
          elementCount: asCount(elements),
          missingCount: asCount(missing),
          message: `${distinct ?? 0} different values of ${kwargs.column} ${success ? describe : `must be ${describe}`}${unknown.length > 0 ? `; not in it: ${unknown.slice(0, 5).join(', ')}` : ''}`,
          details: { value_counts: values, distinct_count: distinct ?? 0 },
        }
      },
    }
  }

export const distinctInSet = setCheck('in the set', ({ distinct, known }) => distinct === known)
export const distinctContainSet = setCheck('all of the set', ({ found, members }) => found === members)
export const distinctEqualSet = setCheck(
  'the same as the set',
  ({ distinct, known, found, members }) => distinct === known && found === members,
)

export const mostCommonInSet = (context: CheckContext, kwargs: OfSet & { readonly ties_okay: boolean }): Check => {
  const column = columnOf(context, kwargs.column)
  const known = `CASE WHEN ${isOneOf({ sql: 'v0', field: column.field }, kwargs.value_set, context)} THEN 1 ELSE 0 END`
  const list = `SELECT v0, n, COUNT(*) OVER () AS modes, ${integer(context, `SUM(${known}) OVER ()`)} AS known FROM (SELECT v0, n, MAX(n) OVER () AS most FROM g) WHERE n = most`
  return {
    measures: [countRows(context, context.condition), countRows(context, context.condition, isNull(column))],
    queries: [`${groups(context, [column], isNull(column))} ${list} ORDER BY v0 LIMIT ${MAX_OBSERVED}`],
    judge: ([elements, missing], [rows = []]) => {
      const [, , modes = 0, inSet = 0] = (rows[0] ?? []).map(asCount)
      const values = rows.map(([value]) => plainValue(value, column.field.type))
      return {
        success: inSet > 0 && (kwargs.ties_okay || modes === 1),
        observedValue: values,
        elementCount: asCount(elements),
        missingCount: asCount(missing),
        message:
          modes === 0
            ? `column ${kwargs.column} has no values`
            : `the most common value of ${kwargs.column} is ${values.slice(0, 5).join(', ')}${modes > 1 ? ` (${modes} are as common)` : ''}`,
      }
    },
  }
}

import { all, asCount, countRows, type Check, type CheckContext, type Outcome } from '../check.ts'
import type { Operand } from '../operand.ts'

/** Each row passes or fails by itself. */
export interface RowRule {
  readonly columns: readonly Operand[]
  /** True for rows that are not looked at. */
  readonly missing: string | undefined
  /** True for rows as they should be; NULL counts as a failure. */
  readonly expected: string
  /** What the failing values are, after "n of m values": `are null`. */
  readonly fault: string
  readonly mostly: number
}

export const isNull = ({ sql }: Operand): string => `${sql} IS NULL`

export const rowCheck = (context: CheckContext, rule: RowRule): Check => {
  const { condition } = context
  const present = rule.missing === undefined ? undefined : `NOT (${rule.missing})`
  const failing = all(condition, present, `NOT COALESCE(${rule.expected}, FALSE)`)
  const missing = rule.missing === undefined ? [] : [countRows(context, condition, rule.missing)]
  return {
    measures: [countRows(context, condition), context.dialect.countIf(failing), ...missing],
    queries: [],
    judge: ([elements, unexpected, ignored]) =>
      judgeRows(rule, { elements: asCount(elements), unexpected: asCount(unexpected), missing: asCount(ignored) }),
    samples: {
      columns: rule.columns.map(({ field }) => field),
      sql: (select, limit) => `SELECT ${select} FROM {{input}} WHERE ${failing} LIMIT ${limit}`,
    },
    failing,
  }
}

interface RowCounts {
  readonly elements: number
  readonly unexpected: number
  readonly missing: number
}

/** Nothing to look at is no failure. The share that is as expected is compared with `mostly`. */
export const judgeRows = (rule: Pick<RowRule, 'fault' | 'mostly' | 'columns'>, counts: RowCounts): Outcome => {
  const looked = counts.elements - counts.missing
  const success = looked === 0 || (looked - counts.unexpected) / looked >= rule.mostly
  const names = rule.columns.map(({ field }) => field.name).join(', ')
  const share = counts.unexpected === 0 || rule.mostly === 1 ? '' : `; ${rule.mostly} of them must be as expected`
  return {
    success,
    elementCount: counts.elements,
    missingCount: counts.missing,
    unexpectedCount: counts.unexpected,
    message:
      looked === 0
        ? `no value of ${names} to look at`
        : `${counts.unexpected} of ${looked} values of ${names} ${rule.fault}${share}`,
  }
}

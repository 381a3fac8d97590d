import { InvalidConfigError } from '@convergence/core/errors.ts'
import { bindParameter } from './parameters.ts'
import { change, check, count, run, type Compiler, type PublishStatement } from './publish-plan.ts'
import type { Bindings } from './session.ts'
import { columnList, quoted } from './sql.ts'

/**
 * Replaces all rows, or those of the named days, even by nothing. Rows of days that are left out (a later planner has replaced them)
 * are not loaded, and counted.
 */
export const publishOverwrite: Compiler = (job, { target, source, fields }) => {
  const { strategy, partitionBy } = job
  if (strategy.type !== 'overwrite') throw new InvalidConfigError(`not an overwrite: ${strategy.type}`)
  const columns = columnList(fields)
  const replace =
    strategy.partitions === 'all'
      ? everything(target)
      : days(target, source, {
          column: partitionBy,
          isDate: fields.find(({ name }) => name === partitionBy)?.type === 'DATE',
          partitions: strategy.partitions,
          leftOut: strategy.leftOut ?? [],
        })
  return {
    bindings: replace.bindings,
    statements: [
      count('staged', source),
      ...replace.statements,
      count('before', target),
      run(`INSERT INTO ${target} (${columns}) SELECT ${columns} FROM ${source}${replace.where}`),
      count('after', target),
    ],
  }
}

interface Replace {
  readonly statements: readonly PublishStatement[]
  readonly bindings: Bindings
  /** Of the rows that are loaded, with its leading blank; empty: all. */
  readonly where: string
}

const everything = (target: string): Replace => ({
  statements: [change('deleted', `DELETE FROM ${target}`)],
  bindings: {},
  where: '',
})

interface Days {
  readonly column: string
  readonly isDate: boolean
  readonly partitions: readonly string[]
  readonly leftOut: readonly string[]
}

const days = (target: string, source: string, named: Days): Replace => {
  const replaced = inDays(named, named.partitions, 'day')
  const left = inDays(named, named.leftOut, 'left')
  const known = named.leftOut.length === 0 ? replaced.sql : `${replaced.sql} OR ${left.sql}`
  const superseded = named.leftOut.length === 0 ? [] : [count('superseded', `${source} WHERE ${left.sql}`)]
  return {
    bindings: { ...replaced.bindings, ...left.bindings },
    where: named.leftOut.length === 0 ? '' : ` WHERE ${replaced.sql}`,
    statements: [
      check(
        `SELECT CAST(${dayOf(named)} AS VARCHAR) AS day, count(*) AS rows FROM ${source} WHERE (${known}) IS NOT TRUE GROUP BY 1 ORDER BY 1 LIMIT 1`,
        ({ day, rows }) =>
          `${String(rows)} rows have ${named.column} ${typeof day === 'string' ? day : 'NULL'}, which is not one of the partitions that are replaced (${listed(named.partitions)})`,
      ),
      ...superseded,
      change('deleted', `DELETE FROM ${target} WHERE ${replaced.sql}`),
    ],
  }
}

const dayOf = ({ column, isDate }: Days): string => (isDate ? quoted(column) : `CAST(${quoted(column)} AS DATE)`)

/** Whether a row is of one of the days. */
const inDays = (named: Days, partitions: readonly string[], prefix: string): { sql: string; bindings: Bindings } => {
  if (partitions.length === 0) return { sql: 'FALSE', bindings: {} }
  const name = (index: number): string => `${prefix}_${index}`
  const list = partitions.map((_, index) => `$${name(index)}`).join(', ')
  const column = quoted(named.column)
  // Statistics of row groups are kept for the column, not for its day.
  const range = named.isDate
    ? ''
    : `${column} >= least(${list}) AND ${column} < greatest(${list}) + INTERVAL 1 DAY AND `
  const bound = partitions.map((value, index) => [
    name(index),
    bindParameter({ name: name(index), type: 'DATE', value }),
  ])
  return { sql: `${range}${dayOf(named)} IN (${list})`, bindings: Object.fromEntries(bound) as Bindings }
}

const MOST_NAMED = 5

const listed = (partitions: readonly string[]): string =>
  `${partitions.slice(0, MOST_NAMED).join(', ') || 'none'}${partitions.length > MOST_NAMED ? ', …' : ''}`

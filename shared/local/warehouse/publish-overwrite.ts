import { InvalidConfigError } from '@convergence/core/errors.ts'
import { bindParameter } from './parameters.ts'
import { change, check, count, run, type Compiler, type PublishStatement } from './publish-plan.ts'
import type { Bindings } from './session.ts'
import { columnList, quoted } from './sql.ts'

/** Replaces all rows, or those of the named days, even by nothing. */
export const publishOverwrite: Compiler = (job, { target, source, fields }) => {
  const { strategy, partitionBy } = job
  if (strategy.type !== 'overwrite') throw new InvalidConfigError(`not an overwrite: ${strategy.type}`)
  const columns = columnList(fields)
  const replace =
    strategy.partitions === 'all'
      ? everything(target)
      : days(target, source, partitionBy, isDate(fields, partitionBy), strategy.partitions)
  return {
    bindings: replace.bindings,
    statements: [
      count('staged', source),
      ...replace.statements,
      count('before', target),
      run(`INSERT INTO ${target} (${columns}) SELECT ${columns} FROM ${source}`),
      count('after', target),
    ],
  }
}

interface Replace {
  readonly statements: readonly PublishStatement[]
  readonly bindings: Bindings
}

const isDate = (fields: Parameters<Compiler>[1]['fields'], column: string): boolean =>
  fields.find(({ name }) => name === column)?.type === 'DATE'

const everything = (target: string): Replace => ({
  statements: [change('deleted', `DELETE FROM ${target}`)],
  bindings: {},
})

const days = (
  target: string,
  source: string,
  partitionBy: string,
  date: boolean,
  partitions: readonly string[],
): Replace => {
  const bindings: Bindings = Object.assign(
    {},
    ...partitions.map((value, index) => ({
      [`day_${index}`]: bindParameter({ name: `day_${index}`, type: 'DATE', value }),
    })),
  )
  const named = partitions.map((_, index) => `$day_${index}`).join(', ')
  const column = quoted(partitionBy)
  const day = date ? column : `CAST(${column} AS DATE)`
  // Statistics of row groups are kept for the column, not for its day.
  const range = date ? '' : `${column} >= least(${named}) AND ${column} < greatest(${named}) + INTERVAL 1 DAY AND `
  const inside = partitions.length === 0 ? 'FALSE' : `${range}${day} IN (${named})`
  return {
    bindings,
    statements: [
      check(
        `SELECT CAST(${day} AS VARCHAR) AS day, count(*) AS rows FROM ${source} WHERE (${inside}) IS NOT TRUE GROUP BY 1 ORDER BY 1 LIMIT 1`,
        ({ day: found, rows }) =>
          `${String(rows)} rows have ${partitionBy} ${typeof found === 'string' ? found : 'NULL'}, which is not one of the partitions that are replaced (${partitions.slice(0, 5).join(', ') || 'none'}${partitions.length > 5 ? ', …' : ''})`,
      ),
      change('deleted', `DELETE FROM ${target} WHERE ${inside}`),
    ],
  }
}

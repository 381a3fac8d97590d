import { DataRejectedError, InternalError } from '@convergence/core/errors.ts'
import type { JobCounts, PublishJob } from '@convergence/core/ports/warehouse.ts'
import type { Field } from '@convergence/core/table.ts'
import type { Bindings, Session } from './session.ts'

/** What a strategy's compiler is given: names are quoted already. */
interface PublishTables {
  readonly target: string
  /** Gives the job's columns, and those of `position`. */
  readonly source: string
  /** Columns of the job, as the table has them. */
  readonly fields: readonly Field[]
  /** Columns of the table that the job does not have: a merge keeps their values. */
  readonly kept: readonly string[]
  /** Expressions over the source that order rows which `order_by` leaves tied: the last one wins. */
  readonly position: readonly string[]
}

/** Figures that the statements of a publish count, each by itself. */
export type Figure = 'staged' | 'before' | 'after' | 'updated' | 'deleted' | 'superseded'

export type PublishStatement =
  | { readonly does: 'run'; readonly sql: string }
  /** The statement's one value. */
  | { readonly does: 'count'; readonly figure: Figure; readonly sql: string }
  /** The number of rows that the statement changed. */
  | { readonly does: 'change'; readonly figure: Figure; readonly sql: string }
  /** Gives no row, or the job fails with what the row says. */
  | {
      readonly does: 'check'
      readonly sql: string
      readonly problem: (row: Readonly<Record<string, unknown>>) => string
    }

export interface PublishPlan {
  readonly statements: readonly PublishStatement[]
  readonly bindings: Bindings
}

export type Compiler = (job: PublishJob, tables: PublishTables) => PublishPlan

export const run = (sql: string): PublishStatement => ({ does: 'run', sql })
export const count = (figure: Figure, from: string): PublishStatement => ({
  does: 'count',
  figure,
  sql: `SELECT count(*) FROM ${from}`,
})
export const change = (figure: Figure, sql: string): PublishStatement => ({ does: 'change', figure, sql })
export const check = (sql: string, problem: (row: Readonly<Record<string, unknown>>) => string): PublishStatement => ({
  does: 'check',
  sql,
  problem,
})

/** Runs the statements inside the job's transaction, and checks that the counts agree. */
export const runPlan = async (
  session: Session,
  job: PublishJob,
  plan: PublishPlan,
  bindings: Bindings,
): Promise<JobCounts> => {
  const figures = new Map<Figure, number>()
  const all = { ...bindings, ...plan.bindings }
  for (const statement of plan.statements) {
    if (statement.does === 'check') {
      const [row] = await session.all(statement.sql, all)
      if (row) throw new DataRejectedError(statement.problem(row))
    } else if (statement.does === 'count') figures.set(statement.figure, await session.count(statement.sql, all))
    else {
      const changed = await session.run(statement.sql, all)
      if (statement.does === 'change') figures.set(statement.figure, changed)
    }
    refuseOtherCount(job, figures.get('staged'))
  }
  const counted = (figure: Figure): number => figures.get(figure) ?? 0
  const counts: JobCounts = {
    staged: counted('staged'),
    inserted: counted('after') - counted('before'),
    updated: counted('updated'),
    deleted: counted('deleted'),
    superseded: counted('superseded'),
  }
  if (counts.staged !== counts.inserted + counts.updated + counts.superseded)
    throw new InternalError(
      `the job's counts do not agree: ${counts.staged} rows staged, ${counts.inserted} inserted, ${counts.updated} updated, ${counts.superseded} superseded`,
    )
  return counts
}

const refuseOtherCount = ({ expectedRows }: PublishJob, staged: number | undefined): void => {
  if (expectedRows === undefined || staged === undefined || staged === expectedRows) return
  throw new DataRejectedError(
    `the job was to load ${expectedRows} rows, but its source gave ${staged}; nothing was loaded`,
  )
}

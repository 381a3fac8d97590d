import type { TransformStep } from '@convergence/core/config/pipeline.ts'
import { didYouMean } from '@convergence/core/config/suggest.ts'
import { InvalidInputError, PlatformError } from '@convergence/core/errors.ts'
import type { TenantSql } from '@convergence/core/ports/warehouse.ts'
import { positionOf, tokenize } from '@convergence/core/sql/tokens.ts'
import { tableName } from '@convergence/core/table.ts'
import type { StepContext } from '../stage.ts'

type Context = StepContext<TransformStep>

export const sqlFile = ({ step, snapshot }: Context): string => snapshot.sqlFiles?.[step.sql] ?? `sql/${step.sql}.sql`

/** A warehouse knows the text only: what is wrong with it is told with the file's name, and the position in it where there is one. */
export const inFile = (
  context: Context,
  { message, retryable }: { readonly message: string; readonly retryable: boolean },
): string => {
  const file = sqlFile(context)
  if (retryable || message.includes(file)) return message
  const [position, line] = /^SQL (\d+:\d+): /.exec(message) ?? []
  return position === undefined ? `${file}: ${message}` : `${file}:${line}: ${message.slice(position.length)}`
}

/** Why a dry run failed: most often a table that nothing has loaded yet, which each engine says in its own words. */
export const explainSql = async (context: Context, sql: TenantSql, error: PlatformError): Promise<PlatformError> => {
  if (error.retryable) return error
  const known = loadedTables(context)
  for (const [name, table] of Object.entries(sql.tables)) {
    if (await context.ports.warehouse.describe(table)) continue
    const token = tokenize(sql.sql).find((one) => one.kind === 'template' && one.value === name)
    return new InvalidInputError(
      `${sqlFile(context)}:${positionOf(sql.sql, token?.start ?? 0)}: tenant ${table.tenant} has no table ${tableName(table)}: ` +
        `no run has loaded it${didYouMean(name, known)}`,
    )
  }
  return new PlatformError(error.code, false, inFile(context, error), { cause: error, details: error.details })
}

/** Tables that the tenant's pipelines load. */
const loadedTables = ({ snapshot }: Context): string[] =>
  Object.values(snapshot.pipelines).flatMap(({ steps }) =>
    steps.flatMap((step) => (step.type === 'dq' ? [] : [`${step.load.dataset}.${step.load.table}`])),
  )

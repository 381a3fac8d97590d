import { InvalidConfigError } from '@convergence/core/errors.ts'
import type { RowStamp, SelectSource } from '@convergence/core/ports/warehouse.ts'
import {
  PLATFORM_FIELD_NAMES,
  PLATFORM_FIELDS,
  withPlatformFields,
  type Field,
  type TableSchema,
} from '@convergence/core/table.ts'
import { exactCast } from './casts.ts'
import { bindParameter } from './parameters.ts'
import type { Bindings, ResultColumn, Session } from './session.ts'
import type { Source } from './source.ts'
import { quoted } from './sql.ts'
import { inTenantWords } from './tenant-failure.ts'
import { tenantQuery, type TranslateSql } from './tenant-query.ts'
import { resultField, typeLabel } from './types.ts'

const STAGED = 'temp."#staged"'

/**
 * Runs a tenant's SELECT once, into a temporary table of exactly the target's columns. The platform columns are the job's own: those that
 * the query hands through from another table are left out.
 */
export const selectSource = async (
  session: Session,
  source: SelectSource,
  target: { readonly schema: TableSchema; readonly stored: TableSchema; readonly translate: TranslateSql },
): Promise<Source> => {
  const query = await tenantQuery(session, source, target.translate)
  const inWords = <Result>(work: () => Promise<Result>): Promise<Result> =>
    inTenantWords({ google: source.sql, duckdb: query.sql }, work)
  const columns = (await inWords(() => session.columns(query.sql, query.bindings))).filter(
    ({ name }) => !PLATFORM_FIELD_NAMES.has(name.toLowerCase()),
  )
  const fields = withPlatformFields(target.schema.length > 0 ? target.schema : inferredFields(columns, target.stored))
  const stamp = stampBindings(source.stamp)
  const selected = fields.map((field) =>
    PLATFORM_FIELD_NAMES.has(field.name) ? `$stamp${field.name} AS ${quoted(field.name)}` : column(field, columns),
  )
  refuseOthers(columns, fields)
  const staged = `CREATE TEMP TABLE "#staged" AS SELECT ${selected.join(', ')} FROM (${query.sql}\n) AS q`
  await inWords(() => session.run(staged, { ...query.bindings, ...stamp }))
  return { sql: STAGED, bindings: {}, fields, position: fields.map(({ name }) => quoted(name)) }
}

/** The query's own columns; those that the table has already keep the table's types. */
const inferredFields = (columns: readonly ResultColumn[], stored: TableSchema): TableSchema => {
  const known = new Map(stored.map((field) => [field.name.toLowerCase(), field]))
  return columns.map(({ name, type }) => known.get(name.toLowerCase()) ?? resultField(name, type))
}

const column = (field: Field, columns: readonly ResultColumn[]): string => {
  const found = columns.find(({ name }) => name.toLowerCase() === field.name.toLowerCase())
  if (!found) throw new InvalidConfigError(`the query gives no column "${field.name}", which the table's schema has`)
  const cast = exactCast(`q.${quoted(found.name)}`, found.type, field)
  if (cast === undefined)
    throw new InvalidConfigError(
      `column "${field.name}" is ${typeLabel(resultField(found.name, found.type))} in the query, and ${typeLabel(field)} in the table: CAST it in the query`,
    )
  return `${cast} AS ${quoted(field.name)}`
}

const refuseOthers = (columns: readonly ResultColumn[], fields: TableSchema): void => {
  const known = new Set(fields.map(({ name }) => name.toLowerCase()))
  const seen = new Set<string>()
  for (const { name } of columns) {
    if (!known.has(name.toLowerCase()))
      throw new InvalidConfigError(`the query gives a column "${name}", which the table's schema does not have`)
    if (seen.has(name.toLowerCase()))
      throw new InvalidConfigError(`the query gives two columns with the name "${name}"`)
    seen.add(name.toLowerCase())
  }
}

const stampBindings = (stamp: RowStamp): Bindings => {
  const values: Readonly<Record<string, string>> = {
    ingestion_date: stamp.ingestionDate,
    _run_id: stamp.runId,
    _chunk_id: stamp.chunkId,
    _ingested_at: stamp.ingestedAt,
  }
  return Object.fromEntries(
    PLATFORM_FIELDS.map(({ name, type }) => [
      `stamp${name}`,
      bindParameter({ name, type, value: values[name] ?? null }),
    ]),
  )
}

import { InvalidConfigError } from '@convergence/core/errors.ts'
import type { TableInfo } from '@convergence/core/ports/warehouse.ts'
import { datasetName, tableName, type Field, type TableRef, type TableSchema } from '@convergence/core/table.ts'
import { INTERNAL } from './jobs.ts'
import { text, textOrNull } from './parameters.ts'
import type { Session } from './session.ts'
import { quoted, tablePath } from './sql.ts'
import { duckdbType, tableField, typeLabel } from './types.ts'

/** DuckDB has neither partitions nor clusters: what a table was declared with is kept here. */
export const TABLES_DDL: readonly string[] = [
  `CREATE TABLE IF NOT EXISTS ${INTERNAL}.tables (
    dataset VARCHAR NOT NULL, table_name VARCHAR NOT NULL, partition_by VARCHAR, cluster_by VARCHAR NOT NULL, fields VARCHAR NOT NULL)`,
]

export interface TableLayout {
  readonly partitionBy: string | undefined
  readonly clusterBy: readonly string[]
}

export interface StoredTable extends TableLayout {
  readonly schema: TableSchema
  readonly isView: boolean
  /** Whether its layout was written down: a table that others made has none. */
  readonly declared: boolean
}

/** What stands in the database under this name, or undefined. */
export const readTable = async (session: Session, table: TableRef): Promise<StoredTable | undefined> => {
  const names = { dataset: text(datasetName(table)), table_name: text(table.table) }
  const columns = await session.all(
    'SELECT column_name AS name, is_nullable AS nullable FROM duckdb_columns() WHERE database_name = current_database() AND schema_name = $dataset AND table_name = $table_name ORDER BY column_index',
    names,
  )
  if (columns.length === 0) return undefined
  const isView =
    (await session.count(
      'SELECT count(*) FROM duckdb_views() WHERE schema_name = $dataset AND view_name = $table_name',
      names,
    )) > 0
  const [memo] = await session.all(
    `SELECT partition_by, cluster_by, fields FROM ${INTERNAL}.tables WHERE dataset = $dataset AND table_name = $table_name`,
    names,
  )
  const declared = new Map(
    (memo ? (JSON.parse(String(memo['fields'])) as Field[]) : []).map((field) => [field.name, field]),
  )
  const types = await session.columns(`SELECT * FROM ${tablePath(table)}`)
  const schema = types.map(({ name, type }, index): Field => {
    const stored = tableField(name, type)
    const known = declared.get(name)
    const field = known && duckdbType(known) === duckdbType(stored) ? known : stored
    if (field.mode === 'REPEATED') return field
    return { ...field, mode: columns[index]?.['nullable'] === false && !isView ? 'REQUIRED' : 'NULLABLE' }
  })
  return {
    schema,
    isView,
    declared: memo !== undefined,
    partitionBy: (memo?.['partition_by'] as string | null | undefined) ?? undefined,
    clusterBy: memo ? (JSON.parse(String(memo['cluster_by'])) as string[]) : [],
  }
}

export const describeTable = async (session: Session, table: TableRef): Promise<TableInfo | undefined> => {
  const stored = await readTable(session, table)
  if (!stored) return undefined
  const { schema, partitionBy, clusterBy } = stored
  return { schema, partitionBy, clusterBy, rows: await session.count(`SELECT count(*) FROM ${tablePath(table)}`) }
}

export interface ReadyTable {
  /** The job's fields with the modes that the table enforces. */
  readonly fields: TableSchema
  /** Columns of the table that the job does not have. */
  readonly kept: readonly string[]
}

/**
 * Makes the table fit for the job's fields, inside the job's transaction: creates dataset and table, adds NULLABLE columns, relaxes modes.
 * Throws InvalidConfigError that names the column when the table has another type, or another partition.
 */
export const ensureTable = async (
  session: Session,
  table: TableRef,
  wanted: TableLayout & { readonly fields: TableSchema },
  stored: StoredTable | undefined,
): Promise<ReadyTable> => {
  refuseLayout(table, wanted)
  if (!stored) {
    await createTable(session, table, wanted)
    return { fields: wanted.fields, kept: [] }
  }
  if (stored.isView)
    throw new InvalidConfigError(`${tableName(table)} is a view, and cannot be loaded: name another table`)
  if (stored.declared) refuseOtherLayout(table, stored, wanted)
  const known = new Map(stored.schema.map((field) => [field.name.toLowerCase(), field]))
  const added: Field[] = []
  for (const field of wanted.fields) {
    const present = known.get(field.name.toLowerCase())
    if (present) await adaptColumn(session, table, field, present)
    else added.push(await addColumn(session, table, field))
  }
  const own = new Set(wanted.fields.map(({ name }) => name.toLowerCase()))
  const kept = stored.schema.filter(({ name }) => !own.has(name.toLowerCase()))
  const required = (field: Field): boolean => known.get(field.name.toLowerCase())?.mode === 'REQUIRED'
  if (added.length > 0 || !stored.declared)
    await writeLayout(session, table, { ...wanted, fields: [...stored.schema, ...added] }, stored.declared)
  return {
    fields: wanted.fields.map((field) =>
      field.mode === 'REQUIRED' && !required(field) ? { ...field, mode: 'NULLABLE' } : field,
    ),
    kept: kept.map(({ name }) => name),
  }
}

const PARTITION_TYPES: ReadonlySet<string> = new Set(['DATE', 'TIMESTAMP', 'DATETIME'])

const refuseLayout = (
  table: TableRef,
  { fields, partitionBy, clusterBy }: TableLayout & { fields: TableSchema },
): void => {
  const names = new Set(fields.map(({ name }) => name.toLowerCase()))
  if (names.size < fields.length)
    throw new InvalidConfigError(`${tableName(table)}: two columns have one name, upper and lower case being the same`)
  const partition = fields.find(({ name }) => name === partitionBy)
  if (partitionBy !== undefined && !partition)
    throw new InvalidConfigError(`${tableName(table)}: partition_by "${partitionBy}" is not a column of the table`)
  if (partition && (!PARTITION_TYPES.has(partition.type) || partition.mode === 'REPEATED'))
    throw new InvalidConfigError(
      `${tableName(table)}: partition_by "${partition.name}" is ${typeLabel(partition)}; it must be DATE, TIMESTAMP or DATETIME`,
    )
  const unknown = clusterBy.find((name) => !names.has(name.toLowerCase()))
  if (unknown !== undefined)
    throw new InvalidConfigError(`${tableName(table)}: cluster_by "${unknown}" is not a column of the table`)
}

const refuseOtherLayout = (table: TableRef, stored: TableLayout, wanted: TableLayout): void => {
  if (stored.partitionBy !== wanted.partitionBy)
    throw new InvalidConfigError(
      `${tableName(table)} is partitioned by ${stored.partitionBy ?? 'nothing'}, not by ${wanted.partitionBy ?? 'nothing'}: keep partition_by, or load into another table`,
    )
  if (stored.clusterBy.join() !== wanted.clusterBy.join())
    throw new InvalidConfigError(
      `${tableName(table)} is clustered by ${stored.clusterBy.join(', ') || 'nothing'}, not by ${wanted.clusterBy.join(', ') || 'nothing'}: keep cluster_by, or load into another table`,
    )
}

const columnDdl = (field: Field): string =>
  `${quoted(field.name)} ${duckdbType(field)}${field.mode === 'REQUIRED' ? ' NOT NULL' : ''}`

const createTable = async (
  session: Session,
  table: TableRef,
  wanted: TableLayout & { fields: TableSchema },
): Promise<void> => {
  await session.run(`CREATE SCHEMA IF NOT EXISTS "${datasetName(table)}"`)
  await session.run(`CREATE TABLE ${tablePath(table)} (${wanted.fields.map(columnDdl).join(', ')})`)
  await writeLayout(session, table, wanted, false)
}

const writeLayout = async (
  session: Session,
  table: TableRef,
  { fields, partitionBy, clusterBy }: TableLayout & { fields: TableSchema },
  exists: boolean,
): Promise<void> => {
  const sql = exists
    ? `UPDATE ${INTERNAL}.tables SET fields = $fields WHERE dataset = $dataset AND table_name = $table_name`
    : `INSERT INTO ${INTERNAL}.tables VALUES ($dataset, $table_name, $partition_by, $cluster_by, $fields)`
  await session.run(sql, {
    dataset: text(datasetName(table)),
    table_name: text(table.table),
    partition_by: textOrNull(partitionBy ?? null),
    cluster_by: text(JSON.stringify(clusterBy)),
    fields: text(JSON.stringify(fields)),
  })
}

const adaptColumn = async (session: Session, table: TableRef, wanted: Field, present: Field): Promise<void> => {
  if (duckdbType(wanted) !== duckdbType(present))
    throw new InvalidConfigError(
      `column "${wanted.name}" of ${tableName(table)} is ${typeLabel(present)}, and the load has ${typeLabel(wanted)}: change the schema, or load into another table`,
    )
  if (wanted.mode === 'NULLABLE' && present.mode === 'REQUIRED')
    await session.run(`ALTER TABLE ${tablePath(table)} ALTER COLUMN ${quoted(present.name)} DROP NOT NULL`)
}

const addColumn = async (session: Session, table: TableRef, field: Field): Promise<Field> => {
  if (field.mode === 'REQUIRED')
    throw new InvalidConfigError(
      `column "${field.name}" is REQUIRED, and ${tableName(table)} does not have it: a column that is added must be NULLABLE`,
    )
  await session.run(`ALTER TABLE ${tablePath(table)} ADD COLUMN ${columnDdl(field)}`)
  return field
}

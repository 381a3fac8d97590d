import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { InternalError } from '@convergence/core/errors.ts'
import type { MetadataRow, MetadataTable } from '@convergence/core/ports/warehouse.ts'
import type { TableSchema } from '@convergence/core/table.ts'
import { text } from './parameters.ts'
import type { Session } from './session.ts'
import { duckdbType } from './types.ts'

const ROOT = join(import.meta.dirname, '../../..')
const SCHEMAS = join(ROOT, 'configs/metadata/schemas')
const VIEWS = join(ROOT, 'sql/metadata')

export const METADATA_TABLES: readonly MetadataTable[] = [
  'tenants',
  'api_keys',
  'pipeline_runs',
  'step_runs',
  'dq_results',
  'load_receipts',
]

/** Rows with an id that is there already are dropped. */
const INSERT_ID = 'insert_id'

export const metadataPath = (table: MetadataTable): string => `metadata."${table}"`

/** The schema file: the same that BigQuery's tables are made from. */
const metadataSchema = async (table: MetadataTable): Promise<TableSchema> =>
  JSON.parse(await readFile(join(SCHEMAS, `${table}.json`), 'utf8')) as TableSchema

export const metadataView = (table: MetadataTable): Promise<string> => readFile(join(VIEWS, `${table}.sql`), 'utf8')

/** Creates the table, or adds the columns that it lacks. */
export const ensureMetadataTable = async (session: Session, table: MetadataTable): Promise<void> => {
  const schema = await metadataSchema(table)
  const columns = schema.map((field) => `"${field.name}" ${duckdbType(field)}`)
  await session.run(
    `CREATE TABLE IF NOT EXISTS ${metadataPath(table)} (${INSERT_ID} VARCHAR PRIMARY KEY, ${columns.join(', ')})`,
  )
  const present = new Set((await session.columns(`SELECT * FROM ${metadataPath(table)}`)).map(({ name }) => name))
  for (const field of schema)
    if (!present.has(field.name))
      await session.run(`ALTER TABLE ${metadataPath(table)} ADD COLUMN "${field.name}" ${duckdbType(field)}`)
}

/** Inserts the rows whose ids are new, in one statement. Throws InternalError for a row that does not fit the table's schema. */
export const recordRows = async (
  session: Session,
  table: MetadataTable,
  rows: readonly MetadataRow[],
): Promise<void> => {
  if (rows.length === 0) return
  const schema = await metadataSchema(table)
  const names = [INSERT_ID, ...schema.map(({ name }) => name)]
  const shape = Object.fromEntries([
    [INSERT_ID, 'VARCHAR'],
    ...schema.map((field) => [field.name, jsonShape(field)]),
  ]) as object
  // One row an id: two of one id in one statement would be one too many.
  const values = [...new Map(rows.map((row) => [row.insertId, jsonRow(table, schema, row)])).values()]
  const columns = names.map((name) => `"${name}"`).join(', ')
  await session.run(
    `INSERT INTO ${metadataPath(table)} (${columns}) SELECT ${names.map((name) => `r."${name}"`).join(', ')}
     FROM (SELECT unnest(json_transform_strict(CAST($rows AS VARCHAR), '[${JSON.stringify(shape).replaceAll("'", "''")}]')) AS r)
     ON CONFLICT DO NOTHING`,
    { rows: text(JSON.stringify(values)) },
  )
}

/** DuckDB's shape of a JSON value: a list of a type is `["TYPE"]`. */
const jsonShape = (field: TableSchema[number]): unknown => {
  const single = duckdbType({ ...field, mode: 'NULLABLE' })
  return field.mode === 'REPEATED' ? [single] : single
}

const jsonRow = (
  table: MetadataTable,
  schema: TableSchema,
  { insertId, row }: MetadataRow,
): Record<string, unknown> => {
  const known = new Set(schema.map(({ name }) => name))
  const unknown = Object.keys(row).find((name) => !known.has(name))
  if (unknown !== undefined) throw new InternalError(`metadata.${table} has no column "${unknown}"`)
  const missing = schema.find(({ name, mode }) => mode === 'REQUIRED' && (row[name] ?? null) === null)
  if (missing) throw new InternalError(`metadata.${table}: column "${missing.name}" is REQUIRED`)
  return {
    [INSERT_ID]: insertId,
    ...Object.fromEntries(schema.map((field) => [field.name, jsonValue(field, row[field.name])])),
  }
}

/** JSON columns take JSON text as well as a value. */
const jsonValue = (field: TableSchema[number], value: unknown): unknown => {
  if (value === undefined || value === null) return null
  if (field.type === 'JSON' && typeof value === 'string') return JSON.parse(value) as unknown
  if (field.type === 'STRING' && field.mode !== 'REPEATED' && typeof value === 'object') return JSON.stringify(value)
  return value
}

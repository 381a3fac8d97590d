import { InternalError, InvalidConfigError } from '@convergence/core/errors.ts'
import type { ObjectRef } from '@convergence/core/ports/object-store.ts'
import type { PartRef } from '@convergence/core/ports/warehouse.ts'
import type { Field, TableSchema } from '@convergence/core/table.ts'
import { text, texts } from './parameters.ts'
import type { Bindings, Session } from './session.ts'
import { quoted } from './sql.ts'
import { duckdbType, tableField, typeLabel } from './types.ts'

/** Rows that a job reads: a relation to stand after FROM, with what it binds. */
export interface Source {
  readonly sql: string
  readonly bindings: Bindings
  readonly fields: TableSchema
  /** Expressions that order its rows. */
  readonly position: readonly string[]
}

/** The reader's own columns: a file's place in the list, and a row's place in its file. */
const POSITION = ['file_index', 'file_row_number'] as const

/**
 * Parts as a relation of exactly these columns. A part that lacks a NULLABLE column gives NULLs; a column of another type, or one that
 * the schema does not have, is refused: it would be rounded or lost in silence.
 */
export const partsSource = async (
  session: Session,
  parts: readonly PartRef[],
  fields: TableSchema,
  options: {
    readonly localPath: (ref: ObjectRef) => string
    readonly name: string
    /** In `_run_id` of every row, instead of what its part says. */
    readonly runId?: string | undefined
  },
): Promise<Source> => {
  if (parts.length === 0) return emptySource(fields)
  const run = `${options.name}_run`
  const bindings: Bindings = {
    [options.name]: texts(parts.map(options.localPath)),
    ...(options.runId !== undefined && { [run]: text(options.runId) }),
  }
  const relation = `read_parquet($${options.name}, union_by_name = true)`
  const found = new Map(
    (await session.columns(`SELECT * FROM ${relation}`, bindings)).map(({ name, type }) => [
      name.toLowerCase(),
      tableField(name, type),
    ]),
  )
  const columns = fields.map((field) =>
    field.name === '_run_id' && options.runId !== undefined
      ? `$${run} AS ${quoted(field.name)}`
      : partColumn(field, found.get(field.name.toLowerCase())),
  )
  const known = namesOf(fields)
  for (const field of found.values())
    if (!known.has(field.name.toLowerCase()))
      throw new InternalError(`the parts have a column "${field.name}" that the schema does not have`)
  const hidden = hiddenOf(fields)
  return {
    sql: `(SELECT ${columns.join(', ')}${hidden.map((name) => `, ${name} AS "#${name}"`).join('')} FROM ${relation})`,
    bindings,
    fields,
    position: hidden.map((name) => `"#${name}"`),
  }
}

const namesOf = (fields: TableSchema): ReadonlySet<string> => new Set(fields.map(({ name }) => name.toLowerCase()))

/** The reader's own columns that no column of these is named like. */
export const hiddenOf = (fields: TableSchema): string[] => {
  const known = namesOf(fields)
  return POSITION.filter((name) => !known.has(name))
}

/** Types that a part holds as a table does. */
const PLAIN_TYPES: ReadonlySet<string> = new Set([
  'STRING',
  'BYTES',
  'INT64',
  'FLOAT64',
  'NUMERIC',
  'BIGNUMERIC',
  'BOOL',
  'DATE',
  'DATETIME',
  'TIMESTAMP',
])

const partColumn = (field: Field, found: Field | undefined): string => {
  const column = quoted(field.name)
  if (!found) {
    if (field.mode === 'REQUIRED')
      throw new InvalidConfigError(`column "${field.name}" is REQUIRED, and the parts do not have it`)
    return `CAST(NULL AS ${duckdbType(field)}) AS ${column}`
  }
  const type = duckdbType(field)
  // Parquet holds JSON as text, and times of a finer unit: within nested columns too.
  const same = duckdbType(found) === type || duckdbType(found) === duckdbType(field, { jsonAsText: true })
  if (same)
    return PLAIN_TYPES.has(field.type)
      ? `${quoted(found.name)} AS ${column}`
      : `CAST(${quoted(found.name)} AS ${type}) AS ${column}`
  throw new InternalError(
    `column "${field.name}" is ${typeLabel(found)} in the parts, and ${typeLabel(field)} in the schema`,
  )
}

export const emptySource = (fields: TableSchema): Source => ({
  sql: `(SELECT ${fields.map((field) => `CAST(NULL AS ${duckdbType(field)}) AS ${quoted(field.name)}`).join(', ')} WHERE FALSE)`,
  bindings: {},
  fields,
  position: [],
})

/** Table schemas in BigQuery's own JSON form, as `bq show --schema` prints them. */
export type FieldType =
  | 'STRING'
  | 'BYTES'
  | 'INT64'
  | 'FLOAT64'
  | 'NUMERIC'
  | 'BIGNUMERIC'
  | 'BOOL'
  | 'DATE'
  | 'DATETIME'
  | 'TIME'
  | 'TIMESTAMP'
  | 'JSON'
  | 'STRUCT'

type FieldMode = 'NULLABLE' | 'REQUIRED' | 'REPEATED'

export interface Field {
  readonly name: string
  readonly type: FieldType
  readonly mode: FieldMode
  readonly description?: string | undefined
  /** NUMERIC and BIGNUMERIC only: all digits, and digits after the point. Absent: 38 and 9; for BIGNUMERIC 38 and 18, what both engines hold. */
  readonly precision?: number | undefined
  readonly scale?: number | undefined
  /** STRUCT only. */
  readonly fields?: readonly Field[] | undefined
}

export type TableSchema = readonly Field[]

/** A table of one tenant; its dataset in the warehouse is `{tenant}_{dataset}`. */
export interface TableRef {
  readonly tenant: string
  readonly dataset: string
  readonly table: string
}

/** Name of the warehouse's dataset. Tenant ids hold no `_`, so that the name is unambiguous. */
export const datasetName = (ref: { tenant: string; dataset: string }): string => `${ref.tenant}_${ref.dataset}`

/** `dataset.table`, as a tenant writes it. */
export const tableName = (ref: TableRef): string => `${ref.dataset}.${ref.table}`

/** Columns that every loaded table ends with, in this order. `ingestion_date` is the partition unless the load names another. */
export const PLATFORM_FIELDS = [
  { name: 'ingestion_date', type: 'DATE', mode: 'REQUIRED', description: 'Day on which the run read the row (UTC)' },
  { name: '_run_id', type: 'STRING', mode: 'REQUIRED', description: 'Run that loaded the row' },
  { name: '_chunk_id', type: 'STRING', mode: 'REQUIRED', description: 'Step and chunk that loaded the row' },
  { name: '_ingested_at', type: 'TIMESTAMP', mode: 'REQUIRED', description: 'When the step was planned' },
] as const satisfies TableSchema

export const PLATFORM_FIELD_NAMES: ReadonlySet<string> = new Set(PLATFORM_FIELDS.map((field) => field.name))

/** The table's whole schema: the tenant's columns, then the platform's that are not among them. */
export const withPlatformFields = (schema: TableSchema): TableSchema => {
  const own = new Set(schema.map((field) => field.name))
  return [...schema, ...PLATFORM_FIELDS.filter((field) => !own.has(field.name))]
}

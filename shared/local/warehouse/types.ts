import { DataRejectedError } from '@convergence/core/errors.ts'
import { quoteColumn } from '@convergence/core/sql-identifiers.ts'
import type { Field, FieldType } from '@convergence/core/table.ts'
import { DuckDBDecimalType, DuckDBListType, DuckDBStructType, DuckDBTypeId, type DuckDBType } from '@duckdb/node-api'

/**
 * DuckDB's decimals hold 38 digits in all, where BigQuery's BIGNUMERIC holds 38 before and 38 after the point: a BIGNUMERIC without
 * digits of its own becomes DECIMAL(38,18), twenty before and eighteen after.
 */
const BIGNUMERIC_DEFAULT = { precision: 38, scale: 18 } as const
const NUMERIC_DEFAULT = { precision: 38, scale: 9 } as const

const SQL_TYPES: Readonly<Record<Exclude<FieldType, 'NUMERIC' | 'BIGNUMERIC' | 'STRUCT'>, string>> = {
  STRING: 'VARCHAR',
  BYTES: 'BLOB',
  INT64: 'BIGINT',
  FLOAT64: 'DOUBLE',
  BOOL: 'BOOLEAN',
  DATE: 'DATE',
  DATETIME: 'TIMESTAMP',
  TIME: 'TIME',
  TIMESTAMP: 'TIMESTAMP WITH TIME ZONE',
  JSON: 'JSON',
}

type TypeOf = Pick<Field, 'type' | 'mode' | 'precision' | 'scale' | 'fields'>

/** Digits of a decimal column. */
export const decimalDigits = ({
  type,
  precision,
  scale,
}: Pick<Field, 'type' | 'precision' | 'scale'>): { precision: number; scale: number } => {
  if (precision === undefined) return type === 'NUMERIC' ? NUMERIC_DEFAULT : BIGNUMERIC_DEFAULT
  if (precision > 38)
    throw new DataRejectedError(`${type}(${precision},${scale ?? 0}): more than 38 digits are not available yet`)
  return { precision, scale: scale ?? 0 }
}

/** A column's type as DuckDB writes it. With `jsonAsText`, as Parquet parts hold it. */
export const duckdbType = (field: TypeOf, options: { jsonAsText?: boolean } = {}): string =>
  field.mode === 'REPEATED' ? `${elementType(field, options)}[]` : elementType(field, options)

const elementType = (field: TypeOf, options: { jsonAsText?: boolean }): string => {
  switch (field.type) {
    case 'NUMERIC':
    case 'BIGNUMERIC': {
      const { precision, scale } = decimalDigits(field)
      return `DECIMAL(${precision},${scale})`
    }
    case 'STRUCT':
      return `STRUCT(${(field.fields ?? []).map((inner) => `${quoteColumn(inner.name, 'duckdb')} ${duckdbType(inner, options)}`).join(', ')})`
    case 'JSON':
      return options.jsonAsText ? 'VARCHAR' : 'JSON'
    default:
      return SQL_TYPES[field.type]
  }
}

/** How a user reads a type: `NUMERIC(10,2)`, `ARRAY<STRING>`. */
export const typeLabel = (field: TypeOf): string => {
  const digits = field.precision === undefined ? '' : `(${field.precision},${field.scale ?? 0})`
  const inner =
    field.type === 'STRUCT'
      ? `<${(field.fields ?? []).map((part) => `${part.name} ${typeLabel(part)}`).join(', ')}>`
      : digits
  return field.mode === 'REPEATED' ? `ARRAY<${field.type}${inner}>` : `${field.type}${inner}`
}

const SCALARS: Partial<Record<DuckDBTypeId, FieldType>> = {
  [DuckDBTypeId.BOOLEAN]: 'BOOL',
  [DuckDBTypeId.TINYINT]: 'INT64',
  [DuckDBTypeId.SMALLINT]: 'INT64',
  [DuckDBTypeId.INTEGER]: 'INT64',
  [DuckDBTypeId.BIGINT]: 'INT64',
  [DuckDBTypeId.UTINYINT]: 'INT64',
  [DuckDBTypeId.USMALLINT]: 'INT64',
  [DuckDBTypeId.UINTEGER]: 'INT64',
  [DuckDBTypeId.UBIGINT]: 'INT64',
  [DuckDBTypeId.HUGEINT]: 'INT64',
  [DuckDBTypeId.UHUGEINT]: 'INT64',
  [DuckDBTypeId.FLOAT]: 'FLOAT64',
  [DuckDBTypeId.DOUBLE]: 'FLOAT64',
  [DuckDBTypeId.BLOB]: 'BYTES',
  [DuckDBTypeId.DATE]: 'DATE',
  [DuckDBTypeId.TIME]: 'TIME',
  // What polars writes into Parquet.
  [DuckDBTypeId.TIME_NS]: 'TIME',
  [DuckDBTypeId.TIMESTAMP]: 'DATETIME',
  [DuckDBTypeId.TIMESTAMP_S]: 'DATETIME',
  [DuckDBTypeId.TIMESTAMP_MS]: 'DATETIME',
  [DuckDBTypeId.TIMESTAMP_TZ]: 'TIMESTAMP',
  [DuckDBTypeId.ENUM]: 'STRING',
  [DuckDBTypeId.UUID]: 'STRING',
}

/** A table's or part's column. Throws DataRejectedError for a type that BigQuery does not have. */
export const tableField = (name: string, type: DuckDBType): Field => fieldOf(name, type, storedDecimal)

/** A query's column as BigQuery would type it: any decimal of up to nine digits after the point is NUMERIC, any integer INT64. */
export const resultField = (name: string, type: DuckDBType): Field => fieldOf(name, type, resultDecimal)

type DecimalRule = (type: DuckDBDecimalType) => Pick<Field, 'type' | 'precision' | 'scale'>

const storedDecimal: DecimalRule = ({ width, scale }) => {
  if (width === 38 && scale === 9) return { type: 'NUMERIC' }
  if (width === BIGNUMERIC_DEFAULT.precision && scale === BIGNUMERIC_DEFAULT.scale) return { type: 'BIGNUMERIC' }
  return { type: scale <= 9 && width - scale <= 29 ? 'NUMERIC' : 'BIGNUMERIC', precision: width, scale }
}

const resultDecimal: DecimalRule = ({ scale }) => {
  if (scale <= 9) return { type: 'NUMERIC' }
  return scale <= BIGNUMERIC_DEFAULT.scale ? { type: 'BIGNUMERIC' } : { type: 'BIGNUMERIC', precision: 38, scale }
}

const fieldOf = (name: string, type: DuckDBType, decimal: DecimalRule): Field => {
  if (type instanceof DuckDBListType) {
    const element = fieldOf(name, type.valueType, decimal)
    if (element.mode === 'REPEATED')
      throw new DataRejectedError(`column "${name}" is an array of arrays, which BigQuery does not have`)
    return { ...element, mode: 'REPEATED' }
  }
  if (type instanceof DuckDBDecimalType) return { name, mode: 'NULLABLE', ...decimal(type) }
  if (type instanceof DuckDBStructType) {
    const fields = type.entryNames.map((inner, index) => fieldOf(inner, type.entryTypes[index] as DuckDBType, decimal))
    return { name, type: 'STRUCT', mode: 'NULLABLE', fields }
  }
  const known = type.typeId === DuckDBTypeId.VARCHAR ? textType(type) : SCALARS[type.typeId]
  if (!known)
    throw new DataRejectedError(`column "${name}" has the type ${String(type)}, which has no counterpart: CAST it`)
  return { name, type: known, mode: 'NULLABLE' }
}

const textType = (type: DuckDBType): FieldType => (type.alias === 'JSON' ? 'JSON' : 'STRING')

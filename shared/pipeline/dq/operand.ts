import type { Field } from '@convergence/core/table.ts'
import type { Dialect } from './dialect.ts'

/** A value in SQL, with the type by which it compares. */
export interface Operand {
  readonly sql: string
  readonly field: Field
}

/** What compares with what. `exact`: integers and decimals; `opaque`: only NULL can be asked for. */
export type Kind = 'exact' | 'float' | 'text' | 'bool' | 'date' | 'datetime' | 'time' | 'timestamp' | 'bytes' | 'opaque'

const KINDS: Readonly<Record<Field['type'], Kind>> = {
  INT64: 'exact',
  NUMERIC: 'exact',
  BIGNUMERIC: 'exact',
  FLOAT64: 'float',
  STRING: 'text',
  BOOL: 'bool',
  DATE: 'date',
  DATETIME: 'datetime',
  TIME: 'time',
  TIMESTAMP: 'timestamp',
  BYTES: 'bytes',
  JSON: 'opaque',
  STRUCT: 'opaque',
}

export const kindOf = (field: Field): Kind => (field.mode === 'REPEATED' ? 'opaque' : KINDS[field.type])

export const isNumeric = (field: Field): boolean => kindOf(field) === 'exact' || kindOf(field) === 'float'

/** The type as a user writes it. */
export const typeText = (field: Field): string => (field.mode === 'REPEATED' ? `ARRAY<${field.type}>` : field.type)

/** Digits in all and after the point that the column holds. */
export const digitsOf = ({ type, precision, scale }: Field, dialect: Dialect): { precision: number; scale: number } => {
  if (precision !== undefined) return { precision, scale: scale ?? 0 }
  return type === 'BIGNUMERIC' ? dialect.bigNumeric : { precision: 38, scale: type === 'INT64' ? 0 : 9 }
}

/** Largest magnitude that an exact column holds, in units of its last digit. */
export const limitOf = (field: Field, dialect: Dialect): bigint =>
  field.type === 'INT64' ? 2n ** 63n - 1n : 10n ** BigInt(digitsOf(field, dialect).precision) - 1n

export const numberField = (type: 'INT64' | 'FLOAT64' | 'STRING' | 'BOOL' | 'DATETIME', name = ''): Field => ({
  name,
  type,
  mode: 'NULLABLE',
})

import type { Field } from '@convergence/core/table.ts'

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

/** Digits after the point that the column holds. */
export const scaleOf = ({ type, precision, scale }: Field): number => {
  if (type === 'INT64') return 0
  return scale ?? (precision === undefined ? (type === 'NUMERIC' ? 9 : 38) : 0)
}

/** Largest magnitude at the column's scale, in units of its last digit. */
export const limitOf = (field: Field): bigint => {
  if (field.type === 'INT64') return 2n ** 63n - 1n
  // BIGNUMERIC without a precision holds 38 digits before the point as well; embedded, 38 in all.
  return 10n ** BigInt(field.precision ?? (field.type === 'NUMERIC' ? 38 : 76)) - 1n
}

export const numberField = (type: 'INT64' | 'FLOAT64' | 'STRING' | 'BOOL' | 'DATETIME', name = ''): Field => ({
  name,
  type,
  mode: 'NULLABLE',
})

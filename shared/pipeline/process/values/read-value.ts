import { InvalidConfigError } from '@convergence/core/errors.ts'
import type { TargetColumn } from '@convergence/core/ports/processor.ts'
import type { Field } from '@convergence/core/table.ts'
import { dayOf, readDate, readDatetime, readTime, readTimestamp, readUnix } from './calendar.ts'
import { readDecimal, type DecimalType } from './decimal.ts'
import { bad, good, type Reading } from './reading.ts'
import { readBool, readBytes, readFloat, readInteger, readJson } from './scalars.ts'

/** Reads the text of a cell, or NULL, as its column's type: this is what the types mean. `null` is NULL. */
export type ValueReader = (text: string | null) => Reading | null

/** NUMERIC without parameters is (38,9); BIGNUMERIC, which Parquet's and DuckDB's 38 digits hold in part, (38,18) unless the schema says. */
export const decimalType = (field: Pick<Field, 'type' | 'precision' | 'scale'>): DecimalType => {
  if (field.precision !== undefined) return { precision: field.precision, scale: field.scale ?? 0 }
  return { precision: 38, scale: field.scale ?? (field.type === 'BIGNUMERIC' ? 18 : 9) }
}

/** Throws InvalidConfigError for what cannot be typed: STRUCT, REPEATED, `parse` of another type, more than 38 digits. */
export const valueReader = (column: TargetColumn): ValueReader => {
  const read = reader(column)
  const required = column.field.mode === 'REQUIRED'
  return (text) => (text === null ? (required ? bad('NULL in a REQUIRED column') : null) : read(text))
}

const reader = ({ field, round, parse }: TargetColumn): ((text: string) => Reading) => {
  const refuse = (what: string): never => {
    throw new InvalidConfigError(`column ${field.name}: ${what}`)
  }
  if (field.mode === 'REPEATED') refuse('REPEATED columns are not available yet: take the text as JSON')
  if (parse !== undefined) {
    if (field.type !== 'DATE' && field.type !== 'TIMESTAMP' && field.type !== 'DATETIME')
      refuse(`${parse} gives a DATE or a TIMESTAMP, not ${field.type}`)
    const unit = parse === 'unix_ms' ? 'milliseconds' : 'seconds'
    return field.type === 'DATE' ? (text) => dayOf(readUnix(text, unit)) : (text) => readUnix(text, unit)
  }
  switch (field.type) {
    case 'STRING':
      return good
    case 'INT64':
      return readInteger
    case 'FLOAT64':
      return readFloat
    case 'BOOL':
      return readBool
    case 'DATE':
      return readDate
    case 'DATETIME':
      return readDatetime
    case 'TIMESTAMP':
      return readTimestamp
    case 'TIME':
      return readTime
    case 'BYTES':
      return readBytes
    case 'JSON':
      return readJson
    case 'NUMERIC':
    case 'BIGNUMERIC': {
      const type = decimalType(field)
      if (type.precision > 38 || type.scale > type.precision)
        refuse(`${field.type}(${type.precision},${type.scale}) has more than 38 digits, which is not available yet`)
      return (text) => readDecimal(text, type, round)
    }
    default:
      return refuse('STRUCT columns are not available yet: take the text as JSON')
  }
}

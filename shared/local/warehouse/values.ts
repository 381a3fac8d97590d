import { InternalError } from '@convergence/core/errors.ts'
import {
  DuckDBBlobValue,
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBListValue,
  DuckDBStructValue,
  DuckDBTimestampMillisecondsValue,
  DuckDBTimestampSecondsValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  DuckDBTimeNSValue,
  DuckDBTimeValue,
  DuckDBUUIDValue,
  type DuckDBValue,
} from '@duckdb/node-api'

/** A value as the port gives it: whole numbers and decimals as text, dates and times as ISO text, bytes as base64. */
export const portValue = (value: DuckDBValue): unknown => {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value
  if (typeof value === 'bigint') return String(value)
  // The caller tells INTEGER, which is text, from DOUBLE.
  if (typeof value === 'number') return value
  if (value instanceof DuckDBDecimalValue) return decimalText(value)
  if (value instanceof DuckDBDateValue) return value.toString()
  if (value instanceof DuckDBTimestampTZValue) return `${instantText(value.micros)}Z`
  if (value instanceof DuckDBTimestampValue) return instantText(value.micros)
  if (value instanceof DuckDBTimestampMillisecondsValue) return instantText(value.millis * 1_000n)
  if (value instanceof DuckDBTimestampSecondsValue) return instantText(value.seconds * 1_000_000n)
  if (value instanceof DuckDBTimeValue) return timeText(value.micros)
  if (value instanceof DuckDBTimeNSValue) return timeText(value.nanos / 1_000n)
  if (value instanceof DuckDBBlobValue) return Buffer.from(value.bytes).toString('base64')
  if (value instanceof DuckDBListValue) return value.items.map(portValue)
  if (value instanceof DuckDBStructValue)
    return Object.fromEntries(Object.entries(value.entries).map(([name, inner]) => [name, portValue(inner)]))
  if (value instanceof DuckDBUUIDValue) return value.toString()
  throw new InternalError(`a result holds a value of a kind that has no counterpart: ${value.constructor.name}`)
}

/** `1.5`, not `1.500000000`. */
const decimalText = (value: DuckDBDecimalValue): string => {
  const written = value.toString()
  return written.includes('.') ? written.replace(/\.?0+$/, '') : written
}

const MICROS_A_DAY = 86_400_000_000n

const instantText = (micros: bigint): string => {
  const rest = ((micros % MICROS_A_DAY) + MICROS_A_DAY) % MICROS_A_DAY
  return `${new DuckDBDateValue(Number((micros - rest) / MICROS_A_DAY)).toString()}T${timeText(rest)}`
}

const timeText = (micros: bigint): string => {
  const two = (number: bigint): string => String(number).padStart(2, '0')
  const seconds = micros / 1_000_000n
  const fraction = micros % 1_000_000n
  const tail = fraction === 0n ? '' : `.${String(fraction).padStart(6, '0').replace(/0+$/, '')}`
  return `${two(seconds / 3_600n)}:${two((seconds / 60n) % 60n)}:${two(seconds % 60n)}${tail}`
}

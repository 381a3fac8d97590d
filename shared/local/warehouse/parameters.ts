import { InvalidInputError } from '@convergence/core/errors.ts'
import type { QueryParameter } from '@convergence/core/ports/warehouse.ts'
import type { FieldType } from '@convergence/core/table.ts'
import {
  BIGINT,
  BLOB,
  BOOLEAN,
  DATE,
  DECIMAL,
  DOUBLE,
  DuckDBBlobValue,
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  DuckDBTimeValue,
  LIST,
  listValue,
  TIME,
  TIMESTAMP,
  TIMESTAMPTZ,
  VARCHAR,
  type DuckDBType,
  type DuckDBValue,
} from '@duckdb/node-api'
import type { Bindings } from './session.ts'

type Bound = Bindings[string]
type Scalar = string | number | boolean

export const text = (value: string): Bound => ({ value, type: VARCHAR })
export const textOrNull = (value: string | null): Bound => ({ value, type: VARCHAR })
/** read_parquet takes a list only when it is bound with its type. */
export const texts = (values: readonly string[]): Bound => ({ value: listValue([...values]), type: LIST(VARCHAR) })

export const bindParameters = (parameters: readonly QueryParameter[]): Bindings =>
  Object.fromEntries(parameters.map((parameter) => [parameter.name, bindParameter(parameter)]))

/** A parameter as DuckDB binds it, of its exact type; but NULL has none, and is cast where it needs one. Throws InvalidInputError for a text that is no value of the type. */
export const bindParameter = ({ name, type, value }: QueryParameter): Bound => {
  if (type === 'STRUCT') throw new InvalidInputError(`parameter "${name}": a STRUCT cannot be a parameter`)
  if (isDecimal(type)) return bindDecimals(name, type, value)
  const { duckdb, read } = READERS[type]
  if (value === null) return { value: null, type: duckdb }
  if (isList(value))
    return { value: listValue(value.map((item) => readValue(name, type, item, read))), type: LIST(duckdb) }
  return { value: readValue(name, type, value, read), type: duckdb }
}

const isDecimal = (type: FieldType): type is 'NUMERIC' | 'BIGNUMERIC' => type === 'NUMERIC' || type === 'BIGNUMERIC'
const isList = (value: QueryParameter['value']): value is readonly Scalar[] => Array.isArray(value)

const readValue = (
  name: string,
  type: FieldType,
  value: Scalar,
  read: (value: Scalar) => DuckDBValue | undefined,
): DuckDBValue => {
  const found = read(value)
  if (found === undefined) throw new InvalidInputError(`parameter "${name}": ${JSON.stringify(value)} is not ${type}`)
  return found
}

interface Reader {
  readonly duckdb: DuckDBType
  /** Undefined: it is no value of the type. */
  readonly read: (value: Scalar) => DuckDBValue | undefined
}

const MAX_INT64 = 2n ** 63n - 1n

const readInteger = (value: Scalar): bigint | undefined => {
  if (typeof value === 'boolean' || !/^[+-]?\d+$/.test(String(value))) return undefined
  const number = BigInt(String(value).replace(/^\+/, ''))
  return number > MAX_INT64 || number < -MAX_INT64 - 1n ? undefined : number
}

const readDouble = (value: Scalar): number | undefined => {
  if (typeof value === 'boolean' || (typeof value === 'string' && value.trim() === '')) return undefined
  const number = Number(value)
  return Number.isNaN(number) && String(value) !== 'NaN' ? undefined : number
}

const DATE_TEXT = /^(\d{4})-(\d{2})-(\d{2})$/
const TIME_TEXT = /^(\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,6}))?$/
const ZONE_TEXT = /(?:Z|([+-])(\d{2}):?(\d{2}))$/

const readDays = (value: string): number | undefined => {
  if (!DATE_TEXT.test(value)) return undefined
  const ms = Date.parse(`${value}T00:00:00Z`)
  // Date.parse takes 2024-02-30 for the first of March.
  return Number.isNaN(ms) || new Date(ms).toISOString().slice(0, 10) !== value ? undefined : ms / 86_400_000
}

const readMicros = (value: string): bigint | undefined => {
  const match = TIME_TEXT.exec(value)
  if (!match) return undefined
  const [hours, minutes, seconds] = [Number(match[1]), Number(match[2]), Number(match[3])]
  if (hours > 23 || minutes > 59 || seconds > 59) return undefined
  return BigInt(hours * 3600 + minutes * 60 + seconds) * 1_000_000n + BigInt((match[4] ?? '').padEnd(6, '0'))
}

const readDatetime = (value: string): bigint | undefined => {
  const days = readDays(value.slice(0, 10))
  const micros = value.length === 10 ? 0n : /[T ]/.test(value[10] ?? '') ? readMicros(value.slice(11)) : undefined
  return days === undefined || micros === undefined ? undefined : BigInt(days) * 86_400_000_000n + micros
}

const readInstant = (value: string): bigint | undefined => {
  const zone = value.length > 10 ? ZONE_TEXT.exec(value) : null
  const local = readDatetime(zone ? value.slice(0, zone.index).trimEnd() : value)
  if (local === undefined || !zone?.[1]) return local
  const offset = BigInt(Number(zone[2]) * 60 + Number(zone[3])) * 60_000_000n
  return zone[1] === '+' ? local - offset : local + offset
}

const fromText =
  <Read>(read: (value: string) => Read | undefined, make: (read: Read) => DuckDBValue) =>
  (value: Scalar): DuckDBValue | undefined => {
    const found = typeof value === 'string' ? read(value) : undefined
    return found === undefined ? undefined : make(found)
  }

const READERS: Readonly<Record<Exclude<FieldType, 'NUMERIC' | 'BIGNUMERIC' | 'STRUCT'>, Reader>> = {
  STRING: { duckdb: VARCHAR, read: String },
  JSON: { duckdb: VARCHAR, read: String },
  INT64: { duckdb: BIGINT, read: readInteger },
  FLOAT64: { duckdb: DOUBLE, read: readDouble },
  BOOL: {
    duckdb: BOOLEAN,
    read: (value) =>
      value === 'true' ? true : value === 'false' ? false : typeof value === 'boolean' ? value : undefined,
  },
  BYTES: {
    duckdb: BLOB,
    read: fromText(
      (value) => Buffer.from(value, 'base64'),
      (bytes) => new DuckDBBlobValue(bytes),
    ),
  },
  DATE: { duckdb: DATE, read: fromText(readDays, (days) => new DuckDBDateValue(days)) },
  TIME: { duckdb: TIME, read: fromText(readMicros, (micros) => new DuckDBTimeValue(micros)) },
  DATETIME: { duckdb: TIMESTAMP, read: fromText(readDatetime, (micros) => new DuckDBTimestampValue(micros)) },
  TIMESTAMP: { duckdb: TIMESTAMPTZ, read: fromText(readInstant, (micros) => new DuckDBTimestampTZValue(micros)) },
}

const DECIMAL_TEXT = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?$/

/** Digits of a decimal text: `-1.5e2` is -150 with scale 0. */
const readDecimal = (value: Scalar): { digits: bigint; scale: number } | undefined => {
  const match = DECIMAL_TEXT.exec(String(value))
  const [, sign, whole = '', fraction = '', exponent = '0'] = match ?? []
  if (!match || whole + fraction === '') return undefined
  const scale = fraction.length - Number(exponent)
  const digits = BigInt(`${whole}${fraction}`) * (sign === '-' ? -1n : 1n)
  return scale < 0 ? { digits: digits * 10n ** BigInt(-scale), scale: 0 } : trimZeros(digits, scale)
}

const trimZeros = (digits: bigint, scale: number): { digits: bigint; scale: number } => {
  let [left, rest] = [digits, scale]
  while (rest > 0 && left % 10n === 0n) [left, rest] = [left / 10n, rest - 1]
  return { digits: left, scale: rest }
}

const MAX_DIGITS = 10n ** 38n

/** NUMERIC has nine digits after the point; BIGNUMERIC as many as its longest value has. */
const bindDecimals = (name: string, type: 'NUMERIC' | 'BIGNUMERIC', value: QueryParameter['value']): Bound => {
  const bad = (item: Scalar) => new InvalidInputError(`parameter "${name}": ${JSON.stringify(item)} is not ${type}`)
  const items = value === null ? [] : isList(value) ? value : [value]
  const read = items.map((item) => {
    const decimal = readDecimal(item)
    if (!decimal) throw bad(item)
    return { item, ...decimal }
  })
  const scale = type === 'NUMERIC' ? 9 : Math.min(38, Math.max(0, ...read.map((decimal) => decimal.scale)))
  const values = read.map(({ item, digits, scale: own }) => {
    const scaled = own > scale ? undefined : digits * 10n ** BigInt(scale - own)
    if (scaled === undefined || scaled >= MAX_DIGITS || scaled <= -MAX_DIGITS) throw bad(item)
    return new DuckDBDecimalValue(scaled, 38, scale)
  })
  const single = DECIMAL(38, scale)
  if (value === null) return { value: null, type: single }
  return isList(value) ? { value: listValue(values), type: LIST(single) } : { value: values[0] ?? null, type: single }
}

import pl, { type DataType, type Expr } from 'nodejs-polars'
import type { TargetColumn } from '@convergence/core/ports/processor.ts'
import type { Field } from '@convergence/core/table.ts'
import { decimalType } from '../values/read-value.ts'

/**
 * A column of text as its type, by polars: fast, and right about every text that `accepted` says yes to. What it says no to is looked at
 * again, cell by cell, by the readers of `values/`, which alone decide what is rejected.
 */
export interface TypedColumn {
  readonly typed: Expr
  /** Boolean, never NULL; undefined: always. */
  readonly accepted: Expr | undefined
}

const YEAR = '(?:[0-9]{3}[1-9]|[0-9][0-9][1-9]0|[0-9][1-9]00|[1-9]000)'
const CLOCK = '[0-9][0-9]:[0-9][0-9]:[0-5][0-9](?:\\.[0-9]{1,6})?'
const DATE = `^${YEAR}-[0-9][0-9]-[0-9][0-9]$`
const INSTANT = `^${YEAR}-[0-9][0-9]-[0-9][0-9]T${CLOCK}Z?$`
const SPACED_INSTANT = `^${YEAR}-[0-9][0-9]-[0-9][0-9] ${CLOCK}$`
const DATETIME = `^${YEAR}-[0-9][0-9]-[0-9][0-9]T${CLOCK}$`
const TIME = `^(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\\.[0-9]{1,6})?$`
const FLOAT = '^[+-]?(?:[0-9]+\\.?[0-9]*|\\.[0-9]+)(?:[eE][+-]?[0-9]{1,2})?$'
const SECONDS = '^-?[0-9]{1,10}$'
const MILLISECONDS = '^-?[0-9]{1,13}$'
const BASE64 = '^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$'

/** polars' type of a part's column. BYTES have none here: they come from `decode`. */
export const partType = (field: Field): DataType => {
  switch (field.type) {
    case 'INT64':
      return pl.Int64
    case 'FLOAT64':
      return pl.Float64
    case 'BOOL':
      return pl.Bool
    case 'DATE':
      return pl.Date
    case 'TIME':
      return pl.Time
    case 'DATETIME':
      return pl.Datetime('us')
    case 'TIMESTAMP':
      return pl.Datetime('us', 'UTC')
    case 'NUMERIC':
    case 'BIGNUMERIC': {
      const { precision, scale } = decimalType(field)
      return pl.Decimal(precision, scale)
    }
    default:
      return pl.String
  }
}

/** Canonical texts, as the readers of `values/` write them, as the column's type. */
export const castCanonical = (field: Field, text: Expr): Expr => {
  switch (field.type) {
    case 'BOOL':
      return text.eq(pl.lit('true'))
    case 'BYTES':
      return text.str.decode('base64')
    case 'TIME':
      return pl
        .concatString([pl.lit('1970-01-01T'), text], '')
        .cast(pl.Datetime('us'), false)
        .cast(pl.Time)
    case 'TIMESTAMP':
      return text.cast(pl.Datetime('us'), false).cast(pl.Datetime('us', 'UTC'))
    case 'STRING':
    case 'JSON':
      return text
    default:
      return text.cast(partType(field), false)
  }
}

/** `spaced`: instants are written with a blank between date and time. */
export const typedColumn = (column: TargetColumn, text: Expr, spaced: boolean): TypedColumn => {
  const { field, parse } = column
  if (parse !== undefined) return unix(field, text, parse === 'unix_ms')
  const cast = castCanonical(field, text)
  switch (field.type) {
    case 'STRING':
      return checked(column, text, cast, undefined)
    case 'INT64':
      return checked(column, text, cast, 'cast')
    case 'JSON':
      return { typed: cast, accepted: nullOnly(column, text) }
    case 'BOOL':
      return checked(column, text, cast, '^(?:true|false)$')
    case 'DATE':
      return checked(column, text, cast, DATE)
    case 'TIME':
      return checked(column, text, cast, TIME)
    case 'DATETIME':
      return spaced ? checked(column, text, strptime(text), SPACED_INSTANT) : checked(column, text, cast, DATETIME)
    case 'TIMESTAMP':
      return spaced
        ? checked(column, text, strptime(text).cast(pl.Datetime('us', 'UTC')), SPACED_INSTANT)
        : checked(column, text, cast, INSTANT)
    case 'FLOAT64':
      return checked(column, text, cast, FLOAT)
    case 'BYTES':
      return checked(column, text, cast, BASE64)
    default:
      return checked(column, text, cast, decimalPattern(field))
  }
}

/**
 * The end of plain digits that need no rounding; the cast knows what else is a number and how large it may be. Scientific notation is
 * the readers' business. Tied to the end of the text, so that it looks at few bytes.
 */
const decimalPattern = (field: Field): string => `(?:\\.[0-9]{0,${decimalType(field).scale}}|^[+-]?[0-9]+)$`

const checked = (column: TargetColumn, text: Expr, typed: Expr, pattern: string | undefined): TypedColumn => {
  const name = pl.col(column.field.name)
  const required = column.field.mode === 'REQUIRED'
  if (pattern === undefined) return { typed, accepted: required ? name.isNotNull() : undefined }
  const fits = pattern === 'cast' ? name.isNotNull() : name.isNotNull().and(text.str.contains(pattern).fillNull(false))
  return { typed, accepted: required ? fits : fits.or(text.isNull()) }
}

const nullOnly = (column: TargetColumn, text: Expr): Expr =>
  column.field.mode === 'REQUIRED' ? pl.lit(false) : text.isNull()

const strptime = (text: Expr): Expr =>
  text.str.strptime(pl.Datetime('ms'), '%Y-%m-%d %H:%M:%S%.f').cast(pl.Datetime('us'))

/** Numbers of ten digits of seconds are the years 1653 to 2286; others are the readers' business. */
const unix = (field: Field, text: Expr, milliseconds: boolean): TypedColumn => {
  const micros = text.cast(pl.Int64, false).mul(pl.lit(milliseconds ? 1000 : 1_000_000))
  const instant = micros.cast(pl.Datetime('us'))
  const typed = field.type === 'DATE' ? instant.cast(pl.Date) : instant.cast(partType(field))
  return checked({ field, source: field.name }, text, typed, milliseconds ? MILLISECONDS : SECONDS)
}

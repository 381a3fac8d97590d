import { macro, quoteString } from '../sql-text.ts'
import type { Expr, Type } from '../translation.ts'
import { isNode } from '../node.ts'
import { compileExpression } from '../expression.ts'
import { args, byMacro, constantString, wordOf, type Call, type FunctionTable, type Handler } from './function-table.ts'

/** Days from Monday to the first day of a week; WEEK begins on Sunday. */
const WEEKS: Readonly<Record<string, number>> = {
  WEEK: -1,
  'WEEK(SUNDAY)': -1,
  ISOWEEK: 0,
  'WEEK(MONDAY)': 0,
  'WEEK(TUESDAY)': 1,
  'WEEK(WEDNESDAY)': 2,
  'WEEK(THURSDAY)': 3,
  'WEEK(FRIDAY)': 4,
  'WEEK(SATURDAY)': 5,
}
const CALENDAR = ['YEAR', 'QUARTER', 'MONTH', 'DAY']
const CLOCK = ['HOUR', 'MINUTE', 'SECOND', 'MILLISECOND', 'MICROSECOND']

const partAt = (call: Call, index: number): string => {
  const part = wordOf(call.nodes[index]) ?? ''
  if (part in WEEKS || CALENDAR.includes(part) || CLOCK.includes(part)) return part
  return call.refuse(`${call.name} by ${part || 'this part'} is not available in the embedded warehouse`)
}

/** A text beside a date function is read as that type, as BigQuery does with constants. */
const dated = (value: Expr, type: Type): string =>
  value.string === undefined
    ? value.sql
    : `CAST(${value.sql} AS ${type === 'TIMESTAMP' ? 'TIMESTAMPTZ' : type === 'DATETIME' ? 'TIMESTAMP' : 'DATE'})`

/** Abbreviations and offsets mean different things to the two engines. */
const zoneAt = (call: Call, value: Expr): string =>
  value.string !== undefined && /^(UTC|[A-Za-z]+(\/[A-Za-z0-9_+-]+)+)$/.test(value.string)
    ? value.sql
    : call.refuse(`a time zone is a constant like 'UTC' or 'Europe/Berlin' in the embedded warehouse`)

const readUnit = (interval: Readonly<Record<string, unknown>>): string =>
  isNode(interval.unit) ? String(interval.unit.unit).toUpperCase() : ''

const shift =
  (name: string, type: Type): Handler =>
  (call) => {
    if (call.nodes.length !== 2 || !isNode(call.nodes[1]) || !('interval' in call.nodes[1]))
      return call.refuse(`${call.name} takes a date and an INTERVAL`)
    const unit = isNode(call.nodes[1].interval) ? readUnit(call.nodes[1].interval) : ''
    if (type === 'TIMESTAMP' && ['WEEK', 'MONTH', 'QUARTER', 'YEAR'].includes(unit))
      return call.refuse(`${call.name} by ${unit} is not available`)
    return { sql: macro(name, dated(call.arg(0), type), call.arg(1).sql), type: call.arg(0).type }
  }

const truncate =
  (type: Type): Handler =>
  (call) => {
    const part = partAt(call, 1)
    const value = dated(call.arg(0), type)
    const zone = call.nodes.length > 2 ? zoneAt(call, call.arg(2)) : "'UTC'"
    if (call.nodes.length > 3) return call.refuse(`${call.name} takes at most three arguments`)
    if (type === 'DATE' && CLOCK.includes(part))
      return call.refuse(`${call.name} by ${part} is not available in the embedded warehouse`)
    const result = call.arg(0).type
    return part in WEEKS
      ? { sql: macro('truncate_week', String(WEEKS[part]), value, zone), type: result }
      : { sql: macro('truncate', `'${part.toLowerCase()}'`, value, zone), type: result }
  }

const difference =
  (type: Type): Handler =>
  (call) => {
    if (call.nodes.length !== 3) return call.refuse(`${call.name} takes two dates and a part`)
    const part = partAt(call, 2)
    const [a, b] = [dated(call.arg(0), type), dated(call.arg(1), type)]
    if (type === 'TIMESTAMP' && !['DAY', ...CLOCK].includes(part))
      return call.refuse(`${call.name} by ${part} is not available`)
    return part in WEEKS
      ? { sql: macro('difference_weeks', String(WEEKS[part]), a, b), type: 'INT64' }
      : { sql: macro('difference', `'${part.toLowerCase()}'`, a, b), type: 'INT64' }
  }

const EXTRACTED: Readonly<Record<string, (value: string) => string>> = {
  YEAR: (v) => `extract('year' FROM ${v})`,
  QUARTER: (v) => `extract('quarter' FROM ${v})`,
  MONTH: (v) => `extract('month' FROM ${v})`,
  DAY: (v) => `extract('day' FROM ${v})`,
  DAYOFYEAR: (v) => `extract('dayofyear' FROM ${v})`,
  DAYOFWEEK: (v) => `(extract('dayofweek' FROM ${v}) + 1)`,
  ISOWEEK: (v) => `extract('week' FROM ${v})`,
  ISOYEAR: (v) => `extract('isoyear' FROM ${v})`,
  WEEK: (v) => `CAST(strftime(${v}, '%U') AS BIGINT)`,
  'WEEK(SUNDAY)': (v) => `CAST(strftime(${v}, '%U') AS BIGINT)`,
  'WEEK(MONDAY)': (v) => `CAST(strftime(${v}, '%W') AS BIGINT)`,
  HOUR: (v) => `extract('hour' FROM ${v})`,
  MINUTE: (v) => `extract('minute' FROM ${v})`,
  SECOND: (v) => `extract('second' FROM ${v})`,
  MILLISECOND: (v) => `(extract('millisecond' FROM ${v}) % 1000)`,
  MICROSECOND: (v) => `(extract('microsecond' FROM ${v}) % 1000000)`,
}

const extract: Handler = (call) => {
  const [node, field] = call.nodes
  const part = wordOf(field) ?? ''
  const zoned = isNode(node) && isNode(node.at_time_zone) ? node.at_time_zone : undefined
  const civil = zoned
    ? macro(
        'civil_in',
        compileExpression(call.translation, zoned.this).sql,
        zoneAt(call, compileExpression(call.translation, zoned.zone)),
      )
    : macro('civil', call.arg(0).sql)
  if (part === 'DATE') return { sql: `CAST(${civil} AS DATE)`, type: 'DATE' }
  if (part === 'TIME') return { sql: `CAST(${civil} AS TIME)`, type: 'TIME' }
  const read = Object.hasOwn(EXTRACTED, part) ? EXTRACTED[part] : undefined
  return read
    ? { sql: read(civil), type: 'INT64' }
    : call.refuse(`EXTRACT of ${part} is not available in the embedded warehouse`)
}

const lastDay: Handler = (call) => {
  const part = call.nodes.length > 1 ? partAt(call, 1) : 'MONTH'
  if (!['YEAR', 'QUARTER', 'MONTH', 'WEEK'].includes(part))
    return call.refuse(`LAST_DAY by ${part} is not available in the embedded warehouse`)
  return { sql: macro(`last_day_of_${part.toLowerCase()}`, dated(call.arg(0), 'DATE')), type: 'DATE' }
}

const FORMAT_CODES: Readonly<Record<string, string>> = { F: '%Y-%m-%d', T: '%H:%M:%S', R: '%H:%M', D: '%m/%d/%y' }
for (const code of 'YmdHMSyjBbAapIUWuwGV%') Object.assign(FORMAT_CODES, { [code]: `%${code}` })

const readFormat = (call: Call, allowed: string): string => {
  const text = constantString(call, 0).replace(/%(.?)/gs, (all, code: string) => {
    const mapped = allowed.includes(code) && code !== '' ? FORMAT_CODES[code] : undefined
    return mapped ?? call.refuse(`${all} in ${call.name} is not available in the embedded warehouse`)
  })
  return quoteString(text)
}

const DATE_CODES = 'YmdyjBbAaUWuwGVFD%'
const formatted =
  (allowed: string): Handler =>
  (call) => {
    const zone = call.nodes.length > 2 ? zoneAt(call, call.arg(2)) : undefined
    if (call.nodes.length < 2 || call.nodes.length > (call.name === 'FORMAT_TIMESTAMP' ? 3 : 2))
      return call.refuse(`${call.name} takes a format and a value`)
    const value = zone === undefined ? macro('civil', call.arg(1).sql) : macro('civil_in', call.arg(1).sql, zone)
    return { sql: `strftime(gsql.printable(${value}), ${readFormat(call, allowed)})`, type: 'STRING' }
  }

/** Codes that both engines read alike; blanks, names of days and zones are not among them. */
const PARSE_CODES = 'YmdHMSFT%'
const parsed =
  (name: string, type: Type, allowed: string): Handler =>
  (call) => {
    const [, , zone] = call.nodes
    if (zone !== undefined && type !== 'TIMESTAMP') return call.refuse(`${call.name} takes a format and a text`)
    const extra = type === 'TIMESTAMP' ? [zone === undefined ? "'UTC'" : zoneAt(call, call.arg(2))] : []
    return { sql: macro(name, call.arg(1).sql, readFormat(call, allowed), ...extra), type }
  }

const current =
  (utc: string, type: Type): Handler =>
  (call) => {
    if (call.nodes.length > 1) return call.refuse(`${call.name} takes at most a time zone`)
    const zone = call.nodes.length === 1 ? zoneAt(call, call.arg(0)) : "'UTC'"
    return { sql: `CAST(now() AT TIME ZONE ${zone} AS ${utc})`, type }
  }

const ofType =
  (name: string, type: Type, made: string | undefined, parts: number): Handler =>
  (call) => {
    if (made !== undefined && call.nodes.length === parts) return { sql: macro(made, ...args(call, parts)), type }
    const [value = ''] = args(call, 1, 2)
    if (call.nodes.length === 1) return { sql: macro(name, value), type }
    const isTime = name === 'datetime_of' && call.arg(1).string === undefined
    return { sql: macro(`${name}_in`, value, isTime ? call.arg(1).sql : zoneAt(call, call.arg(1))), type }
  }

export const DATE_FUNCTIONS: FunctionTable = {
  EXTRACT: extract,
  LAST_DAY: lastDay,
  DATE_ADD: shift('later', 'DATE'),
  DATE_SUB: shift('earlier', 'DATE'),
  DATETIME_ADD: shift('later', 'DATETIME'),
  DATETIME_SUB: shift('earlier', 'DATETIME'),
  TIMESTAMP_ADD: shift('later', 'TIMESTAMP'),
  TIMESTAMP_SUB: shift('earlier', 'TIMESTAMP'),
  DATE_TRUNC: truncate('DATE'),
  DATETIME_TRUNC: truncate('DATETIME'),
  TIMESTAMP_TRUNC: truncate('TIMESTAMP'),
  DATE_DIFF: difference('DATE'),
  DATETIME_DIFF: difference('DATETIME'),
  TIMESTAMP_DIFF: difference('TIMESTAMP'),
  DATE: ofType('date_of', 'DATE', 'date_from_parts', 3),
  DATETIME: ofType('datetime_of', 'DATETIME', 'datetime_from_parts', 6),
  TIMESTAMP: ofType('timestamp_of', 'TIMESTAMP', undefined, 0),
  CURRENT_DATE: current('DATE', 'DATE'),
  CURRENT_DATETIME: current('TIMESTAMP', 'DATETIME'),
  CURRENT_TIMESTAMP: (call) => ({ sql: args(call, 0).length === 0 ? 'now()' : '', type: 'TIMESTAMP' }),
  FORMAT_DATE: formatted(DATE_CODES),
  FORMAT_DATETIME: formatted(`${DATE_CODES}HMSTRIp`),
  FORMAT_TIMESTAMP: formatted(`${DATE_CODES}HMSTRIp`),
  PARSE_DATE: parsed('parse_date', 'DATE', 'YmdF%'),
  PARSE_DATETIME: parsed('parse_datetime', 'DATETIME', PARSE_CODES),
  PARSE_TIMESTAMP: parsed('parse_timestamp', 'TIMESTAMP', PARSE_CODES),
  UNIX_DATE: byMacro('unix_date', 'INT64', 1),
  DATE_FROM_UNIX_DATE: byMacro('date_from_unix', 'DATE', 1),
  UNIX_SECONDS: byMacro('unix_seconds', 'INT64', 1),
  UNIX_MILLIS: byMacro('unix_millis', 'INT64', 1),
  UNIX_MICROS: byMacro('unix_micros', 'INT64', 1),
  TIMESTAMP_SECONDS: byMacro('timestamp_seconds', 'TIMESTAMP', 1),
  TIMESTAMP_MILLIS: byMacro('timestamp_millis', 'TIMESTAMP', 1),
  TIMESTAMP_MICROS: byMacro('timestamp_micros', 'TIMESTAMP', 1),
}

import { parseDuration } from './durations.ts'
import { InvalidConfigError } from './errors.ts'
import { addDays, isDate, startOfDayMs, zonedInstantMs, zonedText } from './zoned-time.ts'

/** What a name gives: times are texts, as days `2026-01-31` or ISO instants; without an offset they are on the pipeline's wall clock. */
export type TemplateValue = string | number | boolean

interface Filter {
  readonly argument: 'none' | 'duration' | 'format'
  apply(value: TemplateValue, argument: string, timezone: string): TemplateValue
}

const DAY_MS = 86_400_000
const INSTANT = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2})?)(?:\.(\d{1,9}))?\s*(Z|[+-]\d{2}:?\d{2})?$/

/** Microseconds since the epoch: a cursor must come back with every digit that it had. */
const instantMicros = (value: TemplateValue, timezone: string): bigint => {
  const text = String(value)
  if (isDate(text)) return BigInt(startOfDayMs(text, timezone)) * 1_000n
  const match = INSTANT.exec(text)
  if (!match || !isDate(match[1] ?? '')) throw new InvalidConfigError(`"${text}" is not a date or a time`)
  const [, day, clock, fraction = '', offset] = match
  const wall = `${day}T${clock?.length === 5 ? `${clock}:00` : clock}`
  const ms =
    offset === undefined
      ? zonedInstantMs(wall, timezone)
      : Date.parse(wall + (offset === 'Z' ? 'Z' : offset.replace(/^(...):?(..)$/, '$1:$2')))
  if (Number.isNaN(ms)) throw new InvalidConfigError(`"${text}" is not a date or a time`)
  return BigInt(ms) * 1_000n + BigInt(fraction.padEnd(6, '0').slice(0, 6))
}

const floorDivide = (value: bigint, by: bigint): bigint =>
  value < 0n && value % by !== 0n ? value / by - 1n : value / by

const millis = (value: TemplateValue, timezone: string): number =>
  Number(floorDivide(instantMicros(value, timezone), 1_000n))

const isoInstant = (micros: bigint): string => {
  const seconds = floorDivide(micros, 1_000_000n)
  const fraction = String(micros - seconds * 1_000_000n)
    .padStart(6, '0')
    .replace(/(000){1,2}$/, '')
  return `${new Date(Number(seconds) * 1_000).toISOString().slice(0, 19)}${fraction && `.${fraction}`}Z`
}

/** Whole days keep a date a date; anything else gives an instant. */
const shift = (value: TemplateValue, ms: number, timezone: string): string =>
  typeof value === 'string' && isDate(value) && ms % DAY_MS === 0
    ? addDays(value, ms / DAY_MS)
    : isoInstant(instantMicros(value, timezone) + BigInt(ms) * 1_000n)

const TOKENS = /YYYY|MM|DD|HH|mm|ss|SSS/g

const format = (value: TemplateValue, pattern: string, timezone: string): string => {
  const text = zonedText(millis(value, timezone), timezone)
  const places: Readonly<Record<string, string>> = {
    YYYY: text.slice(0, 4),
    MM: text.slice(5, 7),
    DD: text.slice(8, 10),
    HH: text.slice(11, 13),
    mm: text.slice(14, 16),
    ss: text.slice(17, 19),
    SSS: text.slice(20, 23),
  }
  return pattern.replaceAll(TOKENS, (token) => places[token] ?? token)
}

const FILTERS: Readonly<Record<string, Filter>> = {
  unix: { argument: 'none', apply: (value, _, zone) => Number(floorDivide(instantMicros(value, zone), 1_000_000n)) },
  unix_ms: { argument: 'none', apply: (value, _, zone) => millis(value, zone) },
  iso: { argument: 'none', apply: (value, _, zone) => isoInstant(instantMicros(value, zone)) },
  date: { argument: 'none', apply: (value, _, zone) => zonedText(millis(value, zone), zone).slice(0, 10) },
  format: { argument: 'format', apply: format },
  minus: {
    argument: 'duration',
    apply: (value, argument, zone) => shift(value, -(parseDuration(argument) ?? 0), zone),
  },
  plus: { argument: 'duration', apply: (value, argument, zone) => shift(value, parseDuration(argument) ?? 0, zone) },
  urlencode: { argument: 'none', apply: (value) => encodeURIComponent(String(value)) },
  json: { argument: 'none', apply: (value) => JSON.stringify(value) },
}

const filterOf = (name: string): Filter | undefined => (Object.hasOwn(FILTERS, name) ? FILTERS[name] : undefined)

/** What is wrong with a filter as written; undefined: nothing. */
export const filterProblem = (name: string, argument: string | undefined): string | undefined => {
  const filter = filterOf(name)
  if (!filter) return `unknown filter "${name}": one of ${Object.keys(FILTERS).join(', ')}`
  if (filter.argument === 'none') return argument === undefined ? undefined : `filter ${name} takes no argument`
  if (argument === undefined)
    return `filter ${name} needs ${filter.argument === 'duration' ? 'a duration, such as 3d' : 'a format, such as "YYYY-MM-DD"'}`
  if (filter.argument === 'duration' && parseDuration(argument) === undefined)
    return `filter ${name}: "${argument}" is not a duration such as 3d or 12h`
  return undefined
}

/** Throws InvalidConfigError when the value does not fit. */
export const applyFilter = (
  value: TemplateValue,
  filter: { name: string; argument?: string | undefined },
  timezone: string,
): TemplateValue => {
  const known = filterOf(filter.name)
  if (!known) throw new InvalidConfigError(`unknown filter "${filter.name}"`)
  return known.apply(value, filter.argument ?? '', timezone)
}

export const toText = (value: TemplateValue): string => String(value)

import type { Parameter, Pipeline } from './config/pipeline.ts'
import { MAX_PATTERN_TEXT, matchesPattern } from './regex-safety.ts'
import { addDays, isDate, startOfDayMs, zonedDate } from './zoned-time.ts'

type ParameterValue = string | number | boolean | null
export type ParameterValues = Readonly<Record<string, ParameterValue>>

/** `parameter` is the name, for the field of a problem document. */
interface ParameterProblem {
  readonly parameter: string
  readonly message: string
}

export type ResolvedParameters =
  | { readonly outcome: 'resolved'; readonly values: ParameterValues }
  | { readonly outcome: 'invalid'; readonly problems: readonly ParameterProblem[] }

/** Where words like `yesterday` are counted from. */
export interface ParameterClock {
  /** ISO instant. */
  readonly logicalTime: string
  readonly timezone: string
}

const MAX_TEXT = 10_000

/** Name of the parameter that an upload fills. */
export const OBJECT_PARAMETER = 'object'

/** What a pipeline declares; with `on_upload` also `object`. */
export const declaredParameters = (
  pipeline: Pick<Pipeline, 'parameters' | 'on_upload'>,
): Readonly<Record<string, Parameter>> => ({
  ...(pipeline.on_upload && {
    [OBJECT_PARAMETER]: { type: 'string', required: false, description: 'Name of the uploaded object' } as const,
  }),
  ...pipeline.parameters,
})

const WORDS: Readonly<Record<string, number>> = { today: 0, yesterday: -1, tomorrow: 1 }

const readDate = (value: unknown, clock: ParameterClock): string | undefined => {
  if (typeof value !== 'string') return undefined
  if (Object.hasOwn(WORDS, value))
    return addDays(zonedDate(Date.parse(clock.logicalTime), clock.timezone), WORDS[value] ?? 0)
  return isDate(value) ? value : undefined
}

/** `today` and the like stand for a day that the logical time decides. */
export const isWord = (declared: Pick<Parameter, 'type'>, value: unknown): boolean =>
  (declared.type === 'date' || declared.type === 'timestamp') && typeof value === 'string' && /^[a-z]+$/.test(value)

const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})$/

const readTimestamp = (value: unknown, clock: ParameterClock): string | undefined => {
  if (value === 'now') return new Date(Date.parse(clock.logicalTime)).toISOString()
  if (typeof value !== 'string') return undefined
  const day = readDate(value, clock)
  if (day !== undefined) return new Date(startOfDayMs(day, clock.timezone)).toISOString()
  return INSTANT.test(value) && isDate(value.slice(0, 10)) && !Number.isNaN(Date.parse(value)) ? value : undefined
}

/** Command lines give texts: `5` is an integer, `true` a boolean. */
const readNumber = (value: unknown): number | undefined => {
  if (typeof value === 'string' && !/^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(value)) return undefined
  const number = typeof value === 'string' ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined
}

const readBoolean = (value: unknown): boolean | undefined =>
  value === true || value === 'true' ? true : value === false || value === 'false' ? false : undefined

const EXPECTED: Readonly<Record<Parameter['type'], string>> = {
  date: 'a date such as 2026-01-31, or today, yesterday, tomorrow',
  timestamp: 'an instant such as 2026-01-31T12:00:00Z, a date, or now',
  string: `a text of at most ${MAX_TEXT} characters`,
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
}

const read = (
  type: Parameter['type'],
  value: unknown,
  clock: ParameterClock,
): string | number | boolean | undefined => {
  if (type === 'date') return readDate(value, clock)
  if (type === 'timestamp') return readTimestamp(value, clock)
  if (type === 'string') return typeof value === 'string' && value.length <= MAX_TEXT ? value : undefined
  if (type === 'boolean') return readBoolean(value)
  const number = readNumber(value)
  return type === 'integer' && !Number.isSafeInteger(number) ? undefined : number
}

/** Dates compare as texts, instants as instants, texts by their length. */
const comparable = (type: Parameter['type'], value: string | number | boolean): number | string => {
  if (type === 'timestamp') return Date.parse(String(value))
  if (type === 'string') return typeof value === 'string' ? value.length : Number(value)
  return typeof value === 'boolean' ? Number(value) : value
}

const bound = (declared: Parameter, value: string | number, clock: ParameterClock): number | string | undefined => {
  if (declared.type === 'string') return readNumber(value)
  const parsed = read(declared.type, value, clock)
  return parsed === undefined ? undefined : comparable(declared.type, parsed)
}

/** The value as the run pins it, or what is wrong with it. */
export const readParameter = (
  declared: Parameter,
  given: unknown,
  clock: ParameterClock,
): { readonly value: string | number | boolean } | { readonly problem: string } => {
  const value = read(declared.type, given, clock)
  if (value === undefined) return { problem: `must be ${EXPECTED[declared.type]}` }
  const allowed = declared.enum?.map((one) => read(declared.type, one, clock))
  if (allowed && !allowed.includes(value)) return { problem: `must be one of ${allowed.join(', ')}` }
  const size = comparable(declared.type, value)
  const what = declared.type === 'string' ? ' characters' : ''
  const min = declared.min === undefined ? undefined : bound(declared, declared.min, clock)
  if (min !== undefined && size < min) return { problem: `must be at least ${declared.min}${what}` }
  const max = declared.max === undefined ? undefined : bound(declared, declared.max, clock)
  if (max !== undefined && size > max) return { problem: `must be at most ${declared.max}${what}` }
  if (declared.pattern !== undefined && typeof value === 'string' && value.length > MAX_PATTERN_TEXT)
    return { problem: `must have at most ${MAX_PATTERN_TEXT} characters, as it has a pattern` }
  if (declared.pattern !== undefined && !matchesPattern(declared.pattern, String(value)))
    return { problem: `must match ${declared.pattern}` }
  return { value }
}

/** `min` and `max` must be of the parameter's type; of a text they are lengths. */
export const isBound = (declared: Parameter, value: string | number): boolean =>
  declared.type !== 'boolean' &&
  bound(declared, value, { logicalTime: '2026-01-31T00:00:00.000Z', timezone: 'UTC' }) !== undefined

const resolveOne = (
  name: string,
  declared: Parameter,
  given: unknown,
  clock: ParameterClock,
): { value: ParameterValue } | { problem: string } => {
  const wanted = given ?? declared.default
  if (wanted !== undefined && wanted !== null) return readParameter(declared, wanted, clock)
  return declared.required
    ? { problem: `is missing: this pipeline needs ${EXPECTED[declared.type]} as ${name}` }
    : { value: null }
}

/** Every declared parameter with its value, worked out once from the logical time; or all problems. Unknown names are problems. */
export const resolveParameters = (
  pipeline: Pick<Pipeline, 'parameters' | 'on_upload' | 'timezone'>,
  given: unknown,
  logicalTimeIso: string,
): ResolvedParameters => {
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    return {
      outcome: 'invalid',
      problems: [{ parameter: '', message: 'parameters must be an object of names and values' }],
    }
  const declared = declaredParameters(pipeline)
  const clock = { logicalTime: logicalTimeIso, timezone: pipeline.timezone }
  const known = Object.keys(declared)
  const problems = Object.keys(given)
    .filter((name) => !known.includes(name))
    .map((name) => ({
      parameter: name,
      message: `is not a parameter of this pipeline: ${known.length > 0 ? `it has ${known.join(', ')}` : 'it has none'}`,
    }))
  const values: Record<string, ParameterValue> = {}
  for (const [name, one] of Object.entries(declared)) {
    const resolved = resolveOne(
      name,
      one,
      Object.hasOwn(given, name) ? (given as Record<string, unknown>)[name] : undefined,
      clock,
    )
    if ('problem' in resolved) problems.push({ parameter: name, message: resolved.problem })
    else values[name] = resolved.value
  }
  return problems.length > 0 ? { outcome: 'invalid', problems } : { outcome: 'resolved', values }
}

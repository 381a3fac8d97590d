import { define, NUMERIC } from './define.ts'

/** CAST by the type of what is cast, as BigQuery casts; SAFE_CAST gives NULL where CAST raises. */
type Overload = readonly [parameters: string, body: string]

const bad = (type: string): string =>
  `error('Could not cast ' || coalesce(CAST(x AS VARCHAR), 'NULL') || ' to ${type}')`

const INTEGER = String.raw`^\s*[+-]?\d+\s*$`
const HEX = String.raw`^\s*[+-]?0[xX][0-9a-fA-F]+\s*$`
const DECIMAL = String.raw`^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$`
const FLOAT = String.raw`(?i)^\s*[+-]?((\d+\.?\d*|\.\d+)(e[+-]?\d+)?|inf|infinity|nan)\s*$`
const DATE = String.raw`^\d{1,4}-\d{1,2}-\d{1,2}$`
const DATETIME = String.raw`^\d{1,4}-\d{1,2}-\d{1,2}([ tT]\d{1,2}:[0-5]?\d:[0-5]?\d(\.\d{1,6})?)?$`
const TIMESTAMP = String.raw`^\d{4}-\d{1,2}-\d{1,2}([ tT]\d{1,2}:[0-5]?\d:[0-5]?\d(\.\d{1,6})?)?([zZ]|[+-]\d{2}(:?\d{2})?| UTC)?$`
const TIME = String.raw`^\d{1,2}:[0-5]?\d:[0-5]?\d(\.\d{1,6})?$`

/** Text by pattern, then by DuckDB; what does not fit raises, or is NULL. */
const text = (pattern: string, type: string, safe: boolean, name: string, value = 'x'): Overload => [
  'x VARCHAR',
  safe
    ? `CASE WHEN regexp_full_match(x, '${pattern}') THEN TRY_CAST(${value} AS ${type}) END`
    : `CASE WHEN x IS NULL THEN NULL WHEN regexp_full_match(x, '${pattern}') THEN CAST(${value} AS ${type}) ELSE ${bad(name)} END`,
]

const both = (name: string, overloads: (safe: boolean) => readonly Overload[]): string[] => [
  define(`to_${name}`, ...overloads(false)),
  define(`safe_to_${name}`, ...overloads(true)),
]

const cast = (safe: boolean, value: string, type: string): string =>
  `${safe ? 'TRY_CAST' : 'CAST'}(${value} AS ${type})`

/** Zeros after the point are left out, as BigQuery prints NUMERIC. */
const NUMERIC_TEXT = `rtrim(rtrim(CAST(x AS VARCHAR), '0'), '.')`
/** The fraction in three or six digits, or none. */
const fraction = (value: string): string =>
  `CASE WHEN extract('microsecond' FROM ${value}) % 1000000 = 0 THEN '' WHEN extract('microsecond' FROM ${value}) % 1000 = 0 THEN '.' || lpad(CAST(extract('microsecond' FROM ${value}) // 1000 % 1000 AS VARCHAR), 3, '0') ELSE '.' || lpad(CAST(extract('microsecond' FROM ${value}) % 1000000 AS VARCHAR), 6, '0') END`

const FLOAT_TEXT = `CASE WHEN isnan(x) THEN 'nan' WHEN isinf(x) THEN CASE WHEN x > 0 THEN 'inf' ELSE '-inf' END
  WHEN x = trunc(x) AND abs(x) < 1e15 THEN CAST(CAST(x AS BIGINT) AS VARCHAR) ELSE regexp_replace(CAST(x AS VARCHAR), '\\.0($|e)', '\\1') END`

const strings = (): readonly Overload[] => [
  ['x VARCHAR', 'x'],
  ['x BIGINT', 'CAST(x AS VARCHAR)'],
  ['x DOUBLE', FLOAT_TEXT],
  [`x ${NUMERIC}`, NUMERIC_TEXT],
  ['x BOOLEAN', 'CAST(x AS VARCHAR)'],
  ['x DATE', `strftime(x, '%Y-%m-%d')`],
  ['x TIMESTAMP', `strftime(x, '%Y-%m-%d %H:%M:%S') || ${fraction('x')}`],
  [
    'x TIMESTAMPTZ',
    `strftime(x AT TIME ZONE 'UTC', '%Y-%m-%d %H:%M:%S') || ${fraction(`(x AT TIME ZONE 'UTC')`)} || '+00'`,
  ],
  ['x TIME', `left(CAST(x AS VARCHAR), 8) || ${fraction('x')}`],
]

export const CAST_MACROS: readonly string[] = [
  define('concatenated', ['x VARCHAR', 'x'], ['x BLOB', 'x'], ...strings().slice(1)),
  ...both('string', (safe) => [...strings(), ['x BLOB', safe ? 'try(decode(x))' : 'decode(x)']]),
  ...both('int64', (safe) => [
    [
      'x VARCHAR',
      `CASE WHEN regexp_full_match(x, '${HEX}') THEN error('hexadecimal text as INT64 is not available in the embedded warehouse') ELSE ${text(INTEGER, 'BIGINT', safe, 'INT64', 'trim(x)')[1]} END`,
    ],
    ['x BIGINT', 'x'],
    ['x DOUBLE', cast(safe, 'round(x)', 'BIGINT')],
    [`x ${NUMERIC}`, cast(safe, 'round(x)', 'BIGINT')],
    ['x BOOLEAN', 'CAST(x AS BIGINT)'],
  ]),
  ...both('float64', (safe) => [
    text(FLOAT, 'DOUBLE', safe, 'FLOAT64', 'trim(x)'),
    ['x DOUBLE', 'x'],
    ['x BIGINT', 'CAST(x AS DOUBLE)'],
    [`x ${NUMERIC}`, 'CAST(CAST(x AS VARCHAR) AS DOUBLE)'],
  ]),
  ...both('numeric', (safe) => [
    text(DECIMAL, NUMERIC, safe, 'NUMERIC', 'trim(x)'),
    [`x ${NUMERIC}`, 'x'],
    ['x BIGINT', `CAST(x AS ${NUMERIC})`],
    // By the double's exact digits, which are rounded once.
    ['x DOUBLE', cast(safe, `printf('%.60f', x)`, NUMERIC)],
  ]),
  ...both('bool', (safe) => [
    [
      'x VARCHAR',
      `CASE lower(x) WHEN 'true' THEN TRUE WHEN 'false' THEN FALSE ELSE CASE WHEN x IS NULL THEN NULL ELSE ${safe ? 'NULL' : bad('BOOL')} END END`,
    ],
    ['x BOOLEAN', 'x'],
    ['x BIGINT', 'x <> 0'],
  ]),
  ...both('date', (safe) => [
    text(DATE, 'DATE', safe, 'DATE'),
    ['x DATE', 'x'],
    ['x TIMESTAMP', 'CAST(x AS DATE)'],
    ['x TIMESTAMPTZ', `CAST(x AT TIME ZONE 'UTC' AS DATE)`],
  ]),
  ...both('datetime', (safe) => [
    text(DATETIME, 'TIMESTAMP', safe, 'DATETIME'),
    ['x DATE', 'CAST(x AS TIMESTAMP)'],
    ['x TIMESTAMP', 'x'],
    ['x TIMESTAMPTZ', `x AT TIME ZONE 'UTC'`],
  ]),
  ...both('timestamp', (safe) => [
    text(TIMESTAMP, 'TIMESTAMPTZ', safe, 'TIMESTAMP'),
    ['x DATE', `CAST(x AS TIMESTAMP) AT TIME ZONE 'UTC'`],
    ['x TIMESTAMP', `x AT TIME ZONE 'UTC'`],
    ['x TIMESTAMPTZ', 'x'],
  ]),
  ...both('time', (safe) => [
    text(TIME, 'TIME', safe, 'TIME'),
    ['x TIME', 'x'],
    ['x TIMESTAMP', 'CAST(x AS TIME)'],
    ['x TIMESTAMPTZ', `CAST(x AT TIME ZONE 'UTC' AS TIME)`],
  ]),
  ...both('bytes', () => [
    ['x VARCHAR', 'encode(x)'],
    ['x BLOB', 'x'],
  ]),
]

import { define } from './define.ts'

/** Dates and times: what DuckDB does differently by type. TIMESTAMP is TIMESTAMPTZ, DATETIME is TIMESTAMP. */
const utc = (value: string, zone = 'zone'): string => `(${value} AT TIME ZONE ${zone})`
const week = (value: string): string =>
  `CAST(date_trunc('week', ${value} - to_days(CAST(n AS INTEGER))) AS DATE) + CAST(n AS INTEGER)`

const weeks = (value: string): string => `CAST(${week(value)} AS DATE)`

/** BigQuery's dates end with the year 9999. */
const inRange = (value: string): string =>
  `CASE WHEN extract('year' FROM ${value}) BETWEEN 1 AND 9999 THEN ${value} WHEN ${value} IS NOT NULL THEN error('date or time out of range') END`

const perMoment = (body: (value: string) => string): [string, string][] => [
  ['d DATE', body('d')],
  ['d TIMESTAMP', body('d')],
]

export const DATE_MACROS: readonly string[] = [
  define(
    'civil',
    ['d DATE', 'CAST(d AS TIMESTAMP)'],
    ['d TIMESTAMP', 'd'],
    ['d TIMESTAMPTZ', utc('d', "'UTC'")],
    ['d TIME', 'd'],
  ),
  define('civil_in', ['d TIMESTAMPTZ, zone', utc('d')]),
  ...[
    ['later', '+'],
    ['earlier', '-'],
  ].map(([name = '', sign]) =>
    define(
      name,
      ['d DATE, i', inRange(`CAST(d ${sign} i AS DATE)`)],
      ['d TIMESTAMP, i', inRange(`d ${sign} i`)],
      ['d TIMESTAMPTZ, i', inRange(`d ${sign} i`)],
    ),
  ),
  define('printable', [
    'd',
    `CASE WHEN extract('year' FROM d) < 1000 THEN error('formatting years before 1000 is not available in the embedded warehouse') ELSE d END`,
  ]),
  define(
    'truncate',
    ['part, d DATE, zone', 'CAST(date_trunc(part, d) AS DATE)'],
    ['part, d TIMESTAMP, zone', 'date_trunc(part, d)'],
    ['part, d TIMESTAMPTZ, zone', `${utc(`date_trunc(part, ${utc('d')})`)}`],
  ),
  define(
    'truncate_week',
    ['n, d DATE, zone', weeks('d')],
    ['n, d TIMESTAMP, zone', `CAST(${weeks('d')} AS TIMESTAMP)`],
    ['n, d TIMESTAMPTZ, zone', utc(`CAST(${weeks(utc('d'))} AS TIMESTAMP)`)],
  ),
  define(
    'difference',
    ['part, a DATE, b DATE', 'date_diff(part, b, a)'],
    ['part, a TIMESTAMP, b TIMESTAMP', 'date_diff(part, b, a)'],
    ['part, a TIMESTAMPTZ, b TIMESTAMPTZ', 'date_sub(part, b, a)'],
  ),
  define(
    'difference_weeks',
    ['n, a DATE, b DATE', `(gsql.truncate_week(n, a, 'UTC') - gsql.truncate_week(n, b, 'UTC')) // 7`],
    [
      'n, a TIMESTAMP, b TIMESTAMP',
      `(gsql.truncate_week(n, CAST(a AS DATE), 'UTC') - gsql.truncate_week(n, CAST(b AS DATE), 'UTC')) // 7`,
    ],
  ),
  define('last_day_of_month', ...perMoment((d) => `last_day(${d})`)),
  define('last_day_of_year', ...perMoment((d) => `make_date(year(${d}), 12, 31)`)),
  define('last_day_of_quarter', ...perMoment((d) => `last_day(make_date(year(${d}), 3 * quarter(${d}), 1))`)),
  define(
    'last_day_of_week',
    ['d DATE', `gsql.truncate_week(-1, d, 'UTC') + 6`],
    ['d TIMESTAMP', `gsql.truncate_week(-1, CAST(d AS DATE), 'UTC') + 6`],
  ),
  define(
    'date_of',
    ['d VARCHAR', 'gsql.to_date(d)'],
    ['d DATE', 'd'],
    ['d TIMESTAMP', 'CAST(d AS DATE)'],
    ['d TIMESTAMPTZ', `CAST(${utc('d', "'UTC'")} AS DATE)`],
  ),
  define('date_of_in', ['d TIMESTAMPTZ, zone', `CAST(${utc('d')} AS DATE)`]),
  define('date_from_parts', ['y BIGINT, m BIGINT, d BIGINT', 'make_date(y, m, d)']),
  define(
    'datetime_of',
    ['d VARCHAR', 'gsql.to_datetime(d)'],
    ['d DATE', 'CAST(d AS TIMESTAMP)'],
    ['d TIMESTAMP', 'd'],
    ['d TIMESTAMPTZ', utc('d', "'UTC'")],
  ),
  define('datetime_of_in', ['d TIMESTAMPTZ, zone', utc('d')], ['d DATE, zone TIME', 'd + zone']),
  define('datetime_from_parts', [
    'y BIGINT, m BIGINT, d BIGINT, h BIGINT, i BIGINT, s BIGINT',
    'make_timestamp(y, m, d, h, i, CAST(s AS DOUBLE))',
  ]),
  define(
    'timestamp_of',
    ['d VARCHAR', 'gsql.to_timestamp(d)'],
    ['d DATE', utc('CAST(d AS TIMESTAMP)', "'UTC'")],
    ['d TIMESTAMP', utc('d', "'UTC'")],
    ['d TIMESTAMPTZ', 'd'],
  ),
  define(
    'timestamp_of_in',
    ['d VARCHAR, zone', utc('gsql.to_datetime(d)')],
    ['d DATE, zone', utc('CAST(d AS TIMESTAMP)')],
    ['d TIMESTAMP, zone', utc('d')],
  ),
  define('parse_date', ['s VARCHAR, f', 'CAST(strptime(s, f) AS DATE)']),
  define('parse_datetime', ['s VARCHAR, f', 'strptime(s, f)']),
  define('parse_timestamp', ['s VARCHAR, f, zone', utc('strptime(s, f)')]),
  define('unix_date', ['d DATE', `CAST(d - DATE '1970-01-01' AS BIGINT)`]),
  define('date_from_unix', ['n BIGINT', `CAST(DATE '1970-01-01' + CAST(n AS INTEGER) AS DATE)`]),
  ...[
    ['seconds', 1_000_000],
    ['millis', 1000],
    ['micros', 1],
  ].flatMap(([name, micros]) => [
    // Whole units, downwards for times before 1970 too.
    define(`unix_${name}`, [
      'd TIMESTAMPTZ',
      `CAST((epoch_us(d) - (epoch_us(d) % ${micros} + ${micros}) % ${micros}) // ${micros} AS BIGINT)`,
    ]),
    define(`timestamp_${name}`, ['n BIGINT', `make_timestamp(n * ${micros}) AT TIME ZONE 'UTC'`]),
  ]),
]

import { define, NUMERIC } from './define.ts'

/**
 * Arithmetic of GoogleSQL. NUMERIC is exact: DuckDB's product of decimals widens the scale and overflows, its quotient is a double, so
 * both are worked out in whole numbers (units of 1e-9, HUGEINT, which raises an error when it overflows) and rounded half away from zero.
 * A lambda over a list of one is a `let`: it keeps nested arithmetic from doubling its text at each level.
 */
const INT = 'BIGINT'
const FLOAT = 'DOUBLE'
const ZERO = `error('division by zero')`

/** A number of units of 1e-9 as NUMERIC. */
const fromUnits = define('from_units', [
  'n',
  `CAST(n // 1000000000 AS ${NUMERIC}) + CAST(CAST(n % 1000000000 AS DECIMAL(10,0)) * 0.000000001 AS ${NUMERIC})`,
])
const units = (value: string): string => `(${whole(value)} * 1000000000 + ${fraction(value)})`
const whole = (value: string): string => `CAST(trunc(${value}) AS HUGEINT)`
const fraction = (value: string): string =>
  `CAST(CAST(${value} - trunc(${value}) AS DECIMAL(10,9)) * CAST(1000000000 AS DECIMAL(10,0)) AS BIGINT)`

/** Decimal to double by its text, which rounds once. */
const float = (value: string): string => `CAST(CAST(${value} AS VARCHAR) AS DOUBLE)`

/** In HAVING DuckDB takes `z.n` for a column. */
const [N, D] = [`z['n']`, `z['d']`]

const product = `list_transform([{'a': ${whole('x')}, 'b': ${fraction('x')}, 'c': ${whole('y')}, 'd': ${fraction('y')}}], lambda z:
  CAST(z['a'] * z['c'] AS ${NUMERIC}) + gsql.from_units(z['a'] * z['d'] + z['b'] * z['c'] + (z['b'] * z['d'] + 500000000 * sign(z['b'] * z['d'])) // 1000000000))[1]`

/** n / d in whole numbers, rounded half away from zero. */
const roundedQuotient = (n: string, d: string): string =>
  `${n} // ${d} + CASE WHEN abs(${n} % ${d}) >= abs(${d}) - abs(${n} % ${d}) THEN sign(${n}) * sign(${d}) ELSE 0 END`

/** By a whole number: units of x over it. */
const quotientByInt = `list_transform([{'n': ${units('x')}, 'd': CAST(y AS HUGEINT)}], lambda z:
  CASE WHEN z['d'] = 0 AND z['n'] IS NOT NULL THEN ${ZERO} ELSE gsql.from_units(${roundedQuotient(N, D)}) END)[1]`

/** Long division: the whole part first, then the rest with nine digits more. */
const quotient = `list_transform([{'n': ${units('x')}, 'd': ${units('y')}}], lambda z:
  CASE WHEN z['d'] = 0 AND z['n'] IS NOT NULL THEN ${ZERO} ELSE CAST(z['n'] // z['d'] AS ${NUMERIC}) + gsql.from_units(${roundedQuotient(`(${N} % ${D} * 1000000000)`, D)}) END)[1]`

const OVERFLOW = `error('double overflow')`
const floatQuotient = (a: string, b: string): string =>
  `CASE WHEN ${b} = 0 AND ${a} IS NOT NULL THEN ${ZERO} WHEN isinf(${a} / ${b}) AND NOT isinf(CAST(${a} AS DOUBLE)) THEN ${OVERFLOW} ELSE ${a} / ${b} END`

/** Each pair of number types, in the words of the macro's two parameters. */
const pairs = (body: {
  int: string
  float: (a: string, b: string) => string
  numeric: string
  numericInt?: string
  intNumeric?: string
}): [string, string][] => [
  [`x ${INT}, y ${INT}`, body.int],
  [`x ${FLOAT}, y ${FLOAT}`, body.float('x', 'y')],
  [`x ${NUMERIC}, y ${NUMERIC}`, body.numeric],
  [`x ${NUMERIC}, y ${INT}`, body.numericInt ?? body.numeric],
  [`x ${INT}, y ${NUMERIC}`, body.intNumeric ?? body.numeric],
  [`x ${NUMERIC}, y ${FLOAT}`, body.float(float('x'), 'y')],
  [`x ${FLOAT}, y ${NUMERIC}`, body.float('x', float('y'))],
  [`x ${FLOAT}, y ${INT}`, body.float('x', 'y')],
  [`x ${INT}, y ${FLOAT}`, body.float('x', 'y')],
]

const moments = (sign: '+' | '-'): [string, string][] => [
  ['x DATE, y BIGINT', `CAST(x ${sign} CAST(y AS INTEGER) AS DATE)`],
  ['x DATE, y INTERVAL', `x ${sign} y`],
  ['x TIMESTAMP, y INTERVAL', `x ${sign} y`],
  ['x TIMESTAMPTZ, y INTERVAL', `x ${sign} y`],
]

/** A decimal that is BIGNUMERIC: more than nine digits after the point. */
const BIG = `error('BIGNUMERIC is not available in the embedded warehouse here: only SUM, MIN, MAX, COUNT and comparisons take it; use CAST(… AS NUMERIC) in the source')`

const perType = (int: string, double: string, decimal: string): [string, string][] => [
  [`x ${INT}`, int],
  [`x ${FLOAT}`, double],
  [`x ${NUMERIC}`, decimal],
]

const toDigits = (function_: string): [string, string][] => [
  [`x ${INT}, n`, `${function_}(CAST(x AS DOUBLE), CAST(n AS INTEGER))`],
  [`x ${FLOAT}, n`, `${function_}(x, CAST(n AS INTEGER))`],
]

/** ROUND and TRUNC of NUMERIC to n digits: scaled by powers of ten, exactly; the rounding macro rounds what is left of the point. */
const decimalDigits = (rounding: 'round' | 'trunc'): string =>
  `CASE WHEN n >= 9 THEN x WHEN n < -28 THEN CAST(0 AS ${NUMERIC})
  ELSE list_transform([{'n': ${units('x')}, 'd': CAST(power(10::DOUBLE, 9 - least(greatest(n, -9), 9)) AS HUGEINT)}], lambda z:
    gsql.from_units((${rounding === 'round' ? roundedQuotient(N, D) : `${N} // ${D}`}) * z['d']))[1] END`

export const NUMERIC_MACROS: readonly string[] = [
  fromUnits,
  define('is_wider', ['t', `t LIKE 'DECIMAL(%' AND TRY_CAST(rtrim(split_part(t, ',', 2), ')') AS INTEGER) > 9`]),
  define('narrow', ['x', `CASE WHEN gsql.is_wider(typeof(x)) THEN ${BIG} ELSE x END`]),
  define(
    'plus',
    ...pairs({
      int: 'x + y',
      float: (a, b) => `${a} + ${b}`,
      numeric: 'x + y',
      numericInt: `x + CAST(y AS ${NUMERIC})`,
      intNumeric: `CAST(x AS ${NUMERIC}) + y`,
    }),
    ...moments('+'),
    ['x BIGINT, y DATE', 'CAST(y + CAST(x AS INTEGER) AS DATE)'],
  ),
  define(
    'minus',
    ...pairs({
      int: 'x - y',
      float: (a, b) => `${a} - ${b}`,
      numeric: 'x - y',
      numericInt: `x - CAST(y AS ${NUMERIC})`,
      intNumeric: `CAST(x AS ${NUMERIC}) - y`,
    }),
    ...moments('-'),
  ),
  define(
    'times',
    ...pairs({
      int: 'x * y',
      float: (a, b) => `${a} * ${b}`,
      numeric: product,
      // Exact as it is: a whole number adds no digit after the point.
      numericInt: `CAST(x * CAST(y AS DECIMAL(19,0)) AS ${NUMERIC})`,
      intNumeric: `CAST(CAST(x AS DECIMAL(19,0)) * y AS ${NUMERIC})`,
    }),
  ),
  define(
    'divide',
    ...pairs({
      int: floatQuotient('CAST(x AS DOUBLE)', 'CAST(y AS DOUBLE)'),
      float: floatQuotient,
      numeric: quotient,
      numericInt: quotientByInt,
      intNumeric: quotient
        .replaceAll(`trunc(x)`, `trunc(CAST(x AS ${NUMERIC}))`)
        .replaceAll('CAST(x - ', `CAST(CAST(x AS ${NUMERIC}) - `),
    }),
  ),
  define(
    'safe_divide',
    [`x ${INT}, y ${INT}`, 'CASE WHEN y = 0 THEN NULL ELSE CAST(x AS DOUBLE) / CAST(y AS DOUBLE) END'],
    ...(['x DOUBLE, y DOUBLE', 'x DOUBLE, y BIGINT', 'x BIGINT, y DOUBLE'].map((types) => [
      types,
      'CASE WHEN y = 0 OR (isinf(x / y) AND NOT isinf(CAST(x AS DOUBLE))) THEN NULL ELSE x / y END',
    ]) as [string, string][]),
    ...([`x ${NUMERIC}, y ${NUMERIC}`, `x ${NUMERIC}, y ${INT}`, `x ${INT}, y ${NUMERIC}`].map((types) => [
      types,
      'CASE WHEN y = 0 THEN NULL ELSE gsql.divide(x, y) END',
    ]) as [string, string][]),
    [`x ${NUMERIC}, y ${FLOAT}`, 'CASE WHEN y = 0 THEN NULL ELSE gsql.divide(x, y) END'],
    [`x ${FLOAT}, y ${NUMERIC}`, 'CASE WHEN y = 0 THEN NULL ELSE gsql.divide(x, y) END'],
  ),
  define('ieee_divide', [
    'x DOUBLE, y DOUBLE',
    `CASE WHEN y = 0 THEN CASE WHEN x = 0 OR isnan(x) THEN CAST('nan' AS DOUBLE) WHEN (x < 0) THEN CAST('-inf' AS DOUBLE) ELSE CAST('inf' AS DOUBLE) END ELSE x / y END`,
  ]),
  define('div', [`x ${INT}, y ${INT}`, `CASE WHEN y = 0 AND x IS NOT NULL THEN ${ZERO} ELSE x // y END`]),
  define(
    'modulo',
    [`x ${INT}, y ${INT}`, `CASE WHEN y = 0 AND x IS NOT NULL THEN ${ZERO} ELSE x % y END`],
    ...([`x ${NUMERIC}, y ${NUMERIC}`, `x ${NUMERIC}, y ${INT}`, `x ${INT}, y ${NUMERIC}`].map((types) => [
      types,
      `CASE WHEN y = 0 AND x IS NOT NULL THEN ${ZERO} ELSE CAST(CAST(x AS ${NUMERIC}) % CAST(y AS ${NUMERIC}) AS ${NUMERIC}) END`,
    ]) as [string, string][]),
  ),
  define(
    'float_or_numeric',
    ['f, n, witness BIGINT', 'f'],
    ['f, n, witness DOUBLE', 'f'],
    [`f, n, witness ${NUMERIC}`, 'n'],
  ),
  define('abs_of', ...perType('abs(x)', 'abs(x)', `CAST(abs(x) AS ${NUMERIC})`)),
  define(
    'sign_of',
    ...perType(
      'CAST(sign(x) AS BIGINT)',
      'CASE WHEN isnan(x) THEN x ELSE CAST(sign(x) AS DOUBLE) END',
      `CAST(sign(x) AS ${NUMERIC})`,
    ),
  ),
  define('round', ...perType('CAST(x AS DOUBLE)', 'round(x)', `CAST(round(x) AS ${NUMERIC})`)),
  define('trunc', ...perType('CAST(x AS DOUBLE)', 'trunc(x)', `CAST(trunc(x) AS ${NUMERIC})`)),
  define('ceil', ...perType('CAST(x AS DOUBLE)', 'ceil(x)', `CAST(ceil(x) AS ${NUMERIC})`)),
  define('floor', ...perType('CAST(x AS DOUBLE)', 'floor(x)', `CAST(floor(x) AS ${NUMERIC})`)),
  define('round_to', ...toDigits('round'), [`x ${NUMERIC}, n`, decimalDigits('round')]),
  define('trunc_to', [`x ${NUMERIC}, n`, decimalDigits('trunc')]),
  define('only_float', ...perType('CAST(x AS DOUBLE)', 'x', float('x'))),
  define('only_int', [`x ${INT}`, 'x']),
  define('whole', [`x ${INT}`, 'x']),
  define('square_root', ['x DOUBLE', `CASE WHEN x < 0 THEN error('SQRT of a negative number') ELSE sqrt(x) END`]),
  define('exponential', [
    'x DOUBLE',
    `CASE WHEN isinf(exp(x)) AND NOT isinf(x) THEN error('EXP overflows') ELSE exp(x) END`,
  ]),
  define('natural_log', [
    'x DOUBLE',
    `CASE WHEN x <= 0 THEN error('LN of a number that is not positive') ELSE ln(x) END`,
  ]),
  define('log_ten', [
    'x DOUBLE',
    `CASE WHEN x <= 0 THEN error('LOG10 of a number that is not positive') ELSE log10(x) END`,
  ]),
  define('log_base', [
    'x DOUBLE, y DOUBLE',
    `CASE WHEN x <= 0 OR y <= 0 OR y = 1 THEN error('LOG is not defined here') ELSE ln(x) / ln(y) END`,
  ]),
  define('power', [
    'x DOUBLE, y DOUBLE',
    `CASE WHEN x < 0 AND y <> trunc(y) OR x = 0 AND y < 0 OR isinf(pow(x, y)) AND NOT isinf(x) AND NOT isinf(y) THEN error('POW is not defined here, or overflows') ELSE pow(x, y) END`,
  ]),
  define('min_result', [
    'lo, hi',
    `CASE WHEN typeof(hi) = 'DOUBLE' AND CAST(hi AS VARCHAR) = 'nan' THEN hi ELSE lo END`,
  ]),
  // Rounding of NUMERIC to doubles would show in what is left after subtractions.
  define(
    'only_double',
    ['x BIGINT', 'CAST(x AS DOUBLE)'],
    ['x DOUBLE', 'x'],
    [
      `x ${NUMERIC}`,
      `error('statistics of NUMERIC are not available in the embedded warehouse: use CAST(… AS FLOAT64)')::DOUBLE`,
    ],
  ),
  // Without a type for the rest, so that sums of BIGNUMERIC keep their digits.
  define(
    'sum_result',
    ['x HUGEINT', 'CAST(x AS BIGINT)'],
    [
      'x',
      `CASE WHEN typeof(x) = 'DOUBLE' AND CAST(x AS VARCHAR) IN ('inf', '-inf') THEN error('double overflow, or an infinite value, in SUM') ELSE x END`,
    ],
  ),
  define(
    'average',
    ['x HUGEINT, n BIGINT', 'CASE WHEN n = 0 THEN NULL ELSE CAST(x AS DOUBLE) / n END'],
    ['x DOUBLE, n BIGINT', 'CASE WHEN n = 0 THEN NULL ELSE x / n END'],
    [`x ${NUMERIC}, n BIGINT`, 'CASE WHEN n = 0 THEN NULL ELSE gsql.divide(x, n) END'],
  ),
  define('bit_and', ['x BIGINT, y BIGINT', 'x & y']),
  define('bit_or', ['x BIGINT, y BIGINT', 'x | y']),
  define('bit_xor', ['x BIGINT, y BIGINT', 'xor(x, y)']),
]

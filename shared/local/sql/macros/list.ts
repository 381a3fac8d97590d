import { define } from './define.ts'

const outside = `error('Array index is out of bounds')`
const at = (name: string, index: string, otherwise: string): string =>
  define(name, [
    'a, i BIGINT',
    `CASE WHEN a IS NULL OR i IS NULL THEN NULL WHEN ${index} < 0 OR ${index} >= len(a) THEN ${otherwise} ELSE a[${index} + 1] END`,
  ])

export const LIST_MACROS: readonly string[] = [
  at('at_offset', 'i', outside),
  at('at_safe_offset', 'i', 'NULL'),
  at('at_ordinal', '(i - 1)', outside),
  at('at_safe_ordinal', '(i - 1)', 'NULL'),
  define('join_list', ['a, s', 'array_to_string(list_filter(a, lambda x: x IS NOT NULL), s)']),
  define('join_list_nulls', ['a, s, n', 'array_to_string(list_transform(a, lambda x: coalesce(x, n)), s)']),
  define('int_array', [
    'a BIGINT, b BIGINT, s BIGINT',
    `CASE WHEN s = 0 THEN error('GENERATE_ARRAY takes no step of 0') ELSE generate_series(a, b, s) END`,
  ]),
  define('date_array_days', [
    'a DATE, b DATE, k',
    'list_transform(generate_series(CAST(a AS TIMESTAMP), CAST(b AS TIMESTAMP), to_days(k)), lambda d: CAST(d AS DATE))',
  ]),
  define('date_array_months', [
    'a DATE, b DATE, k',
    `list_filter(list_transform(generate_series(0, greatest(date_diff('month', a, b), -1) // k + 1), lambda i: CAST(a + to_months(CAST(i * k AS INTEGER)) AS DATE)), lambda d: d <= b)`,
  ]),
]

import { define as defineMacro } from './define.ts'

/** Functions of texts: for BYTES they are refused, since DuckDB's would take them for something else or fail without a reason. */
const define = (name: string, ...overloads: readonly (readonly [string, string])[]): string => {
  const [parameters = ''] = overloads[0] ?? []
  const taken = overloads.some(([one]) => one.includes('BLOB'))
  if (taken || !parameters.startsWith('s VARCHAR')) return defineMacro(name, ...overloads)
  const message = `this function of BYTES is not available in the embedded warehouse (${name.replace(/_.*/, '').toUpperCase()})`
  return defineMacro(name, ...overloads, [parameters.replaceAll('VARCHAR', 'BLOB'), `error('${message}')`])
}

const negative = (name: string): string => `error('${name} takes no negative length')`
const SHORTEST = 'CAST(n AS INTEGER)'

const padded = (side: 'lpad' | 'rpad'): string[] => [
  define(`${side}_blank`, [
    's VARCHAR, n BIGINT',
    `CASE WHEN n < 0 THEN ${negative(side.toUpperCase())} ELSE ${side}(s, ${SHORTEST}, ' ') END`,
  ]),
  define(`${side}_text`, [
    's VARCHAR, n BIGINT, p VARCHAR',
    `CASE WHEN n < 0 OR p = '' THEN error('${side.toUpperCase()} takes no negative length and no empty pattern') ELSE ${side}(s, ${SHORTEST}, p) END`,
  ]),
]

/** Position 0 and positions before the start count as the start. */
const START = 'CASE WHEN p = 0 OR p < -length(s) THEN 1 ELSE p END'

export const TEXT_MACROS: readonly string[] = [
  define('split_text', [
    's VARCHAR, d VARCHAR',
    'CASE WHEN s IS NULL OR d IS NULL THEN NULL ELSE string_split(s, d) END',
  ]),
  ...['upper', 'lower', 'reverse'].map((name) => define(`${name}_of`, ['s VARCHAR', `${name}(s)`])),
  ...['starts_with', 'ends_with'].map((name) => define(`${name}_of`, ['s VARCHAR, t VARCHAR', `${name}(s, t)`])),
  define('only_string', ['x VARCHAR', 'x']),
  define('length_of', ['s VARCHAR', 'length(s)'], ['s BLOB', 'octet_length(s)']),
  define('byte_length', ['s VARCHAR', 'CAST(strlen(s) AS BIGINT)'], ['s BLOB', 'octet_length(s)']),
  define('initcap', [
    's VARCHAR',
    String.raw`array_to_string(list_transform(regexp_extract_all(s, '[\pL\pN]+|[^\pL\pN]+'), lambda w: upper(left(w, 1)) || lower(substr(w, 2))), '')`,
  ]),
  define('replace_all', [
    's VARCHAR, a VARCHAR, b VARCHAR',
    `CASE WHEN a = '' THEN CASE WHEN b IS NULL THEN NULL ELSE s END ELSE replace(s, a, b) END`,
  ]),
  define('repeat_text', [
    's VARCHAR, n BIGINT',
    `CASE WHEN n < 0 THEN error('REPEAT takes no negative count') ELSE repeat(s, n) END`,
  ]),
  ...padded('lpad'),
  ...padded('rpad'),
  define('left_of', ['s VARCHAR, n BIGINT', `CASE WHEN n < 0 THEN ${negative('LEFT')} ELSE left(s, n) END`]),
  define('right_of', ['s VARCHAR, n BIGINT', `CASE WHEN n < 0 THEN ${negative('RIGHT')} ELSE right(s, n) END`]),
  define('substr_from', ['s VARCHAR, p BIGINT', `substr(s, ${START})`]),
  define('substr_part', [
    's VARCHAR, p BIGINT, n BIGINT',
    `CASE WHEN n < 0 THEN ${negative('SUBSTR')} ELSE substr(s, ${START}, n) END`,
  ]),
  define('position_of', ['s VARCHAR, t VARCHAR', 'CAST(strpos(s, t) AS BIGINT)']),
  define('ascii_of', [
    's VARCHAR',
    `CASE WHEN s = '' THEN 0::BIGINT WHEN unicode(s) > 127 THEN error('ASCII of a character that is not ASCII') ELSE CAST(unicode(s) AS BIGINT) END`,
  ]),
  define('to_hex', ['b BLOB', 'lower(hex(b))']),
  define('from_hex_text', ['s VARCHAR', 'unhex(s)']),
  define('to_base64_text', ['b BLOB', 'to_base64(b)']),
  ...['md5', 'sha1', 'sha256'].map((name) =>
    define(`${name}_bytes`, ['s VARCHAR', `unhex(${name}(s))`], ['s BLOB', `unhex(${name}(s))`]),
  ),
  define('regexp_extract_or_null', [
    's VARCHAR, r, g',
    'CASE WHEN regexp_matches(s, r) THEN regexp_extract(s, r, g) END',
  ]),
  define('json_scalar', [
    'j, p',
    `CASE WHEN NOT json_valid(j) THEN NULL WHEN json_type(j, p) IN ('OBJECT', 'ARRAY', 'NULL') THEN NULL ELSE json_extract_string(j, p) END`,
  ]),
]

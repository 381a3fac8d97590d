/** What the tenant wrote for a macro of ours or a function of DuckDB, where the names differ. The first that fits counts. */
const WORDS: readonly (readonly [called: RegExp, written: RegExp])[] = [
  [/^plus$/, /^\+$/],
  [/^(minus|-)$/, /^-$/],
  [/^times$/, /^\*$/],
  [/^divide$/, /^\/$/],
  [/^modulo$/, /^MOD$/i],
  [/^(safe_)?to_(string|int64|float64|numeric|bool|date|datetime|timestamp|time|bytes)$/, /^(SAFE_)?CAST$/i],
  [/^concatenated$/, /^CONCAT$/i],
  [/^later$/, /_ADD$/i],
  [/^earlier$/, /_SUB$/i],
  [/^truncate/, /_TRUNC$/i],
  [/^difference/, /_DIFF$/i],
  [/^last_day/, /^LAST_DAY$/i],
  [/^civil/, /^(EXTRACT|FORMAT_\w+)$/i],
  [/^date_array/, /^GENERATE_DATE_ARRAY$/i],
  [/^int_array$/, /^GENERATE_ARRAY$/i],
  [/^(date|datetime|timestamp)_(of|from_parts)/, /^(DATE|DATETIME|TIMESTAMP)$/i],
  [/^whole$/, /^INTERVAL$/i],
  [/^(only_double|varpop|varsamp|stddev\w*|var_\w+)$/i, /^(VAR_\w+|VARIANCE|STDDEV\w*|COVAR_\w+|CORR)$/i],
  [
    /^(only_float|square_root|exponential|natural_log|log_\w+|power)$/,
    /^(SQRT|EXP|LN|LOG|LOG10|POW|POWER|IEEE_DIVIDE)$/i,
  ],
  [/^position_of$/, /^STRPOS$/i],
  [/^substr_/, /^SUBSTR(ING)?$/i],
  [/^length_of$/, /^(CHAR_)?LENGTH$/i],
  [/^byte_length$/, /^(BYTE|OCTET)_LENGTH$/i],
  [/^at_(safe_)?(offset|ordinal)$/, /^(SAFE_)?(OFFSET|ORDINAL)$/i],
  [/^join_list/, /^ARRAY_TO_STRING$/i],
  [/^json_scalar$/, /^JSON_/i],
  [/^(bool_or|bool_and)$/, /^LOGICAL_(OR|AND)$/i],
  [/^sum$/, /^(SUM|AVG)$/i],
  [/^average$/, /^AVG$/i],
  [/^(list|array_to_string)$/, /^(STRING|ARRAY)_AGG$/i],
  [/^like_escape$/, /^LIKE$/i],
]

/** A word or sign of the tenant's text for a function that DuckDB names. */
export const writtenWord = (called: string): RegExp => {
  const known = WORDS.find(([pattern]) => pattern.test(called))
  const plain = called.replace(/_(of|to|text|bytes|all|blank|or_null)$/, '').replaceAll(/\W/g, '')
  return known?.[1] ?? new RegExp(`^${plain}$`, 'i')
}

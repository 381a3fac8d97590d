import { guarded } from './arithmetic.ts'
import { compileExpression } from './expression.ts'
import { typedLiteral } from './literal.ts'
import type { Body } from './node.ts'
import { macro } from './sql-text.ts'
import type { Expr, Translation, Type } from './translation.ts'
import { readType } from './types.ts'

const MACROS: Readonly<Partial<Record<Type, string>>> = {
  STRING: 'to_string',
  INT64: 'to_int64',
  FLOAT64: 'to_float64',
  NUMERIC: 'to_numeric',
  BOOL: 'to_bool',
  DATE: 'to_date',
  DATETIME: 'to_datetime',
  TIMESTAMP: 'to_timestamp',
  TIME: 'to_time',
  BYTES: 'to_bytes',
}

/** CAST and SAFE_CAST: macros chosen by the type of what is cast. */
export const compileCast = (translation: Translation, body: Body, node: unknown, safe = false): Expr => {
  const word = safe ? 'SAFE_CAST' : 'CAST'
  const { this: inner, to } = translation.read(word, body, ['this', 'to'])
  const value = compileExpression(translation, inner)
  const { type, duckdb } = readType(translation, to)
  if (value.isNull) return { sql: `CAST(NULL AS ${duckdb})`, type }
  if (type === undefined) return castNested(translation, inner, value, duckdb, safe)
  if (value.type === type) return { sql: value.sql, type }
  if (value.float !== undefined && type === 'NUMERIC') return { sql: `CAST('${value.float}' AS DECIMAL(38,9))`, type }
  if (value.string !== undefined && !safe && isTime(type)) return typedLiteral(translation, inner, type, value.string)
  const name = MACROS[type]
  if (!name) return translation.refuse(node, `${word} AS ${type} is not available in the embedded warehouse`, word)
  // A constant keeps all its digits on its way to NUMERIC: a string's are read by the macro.
  return { sql: macro(safe ? `safe_${name}` : name, guarded(value)), type }
}

const isTime = (type: Type): boolean =>
  type === 'DATE' || type === 'DATETIME' || type === 'TIMESTAMP' || type === 'TIME'

/** `ARRAY<INT64>[…]` and `STRUCT<a INT64>(…)` reach the tree as casts of a constructor. */
const castNested = (translation: Translation, inner: unknown, value: Expr, duckdb: string, safe: boolean): Expr => {
  const constructor =
    typeof inner === 'object' &&
    inner !== null &&
    ['array', 'struct', 'array_func', 'tuple'].some((kind) => Object.hasOwn(inner, kind))
  if (safe || !constructor)
    return translation.refuse(inner, 'CAST of ARRAY or STRUCT is not available in the embedded warehouse')
  return { sql: `CAST(${value.sql} AS ${duckdb})` }
}

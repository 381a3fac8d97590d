import type { Field } from '@convergence/core/table.ts'
import { DuckDBDecimalType, DuckDBTypeId, type DuckDBType } from '@duckdb/node-api'
import { decimalDigits, duckdbType, resultField } from './types.ts'

const INTEGERS: ReadonlySet<DuckDBTypeId> = new Set([
  DuckDBTypeId.TINYINT,
  DuckDBTypeId.SMALLINT,
  DuckDBTypeId.INTEGER,
  DuckDBTypeId.BIGINT,
  DuckDBTypeId.UTINYINT,
  DuckDBTypeId.USMALLINT,
  DuckDBTypeId.UINTEGER,
  DuckDBTypeId.UBIGINT,
  DuckDBTypeId.HUGEINT,
  DuckDBTypeId.UHUGEINT,
])

/**
 * The expression as a column of the target, exactly: what does not fit raises an error, and no digit of a decimal is rounded away.
 * Undefined: the types do not go together without a CAST in the query.
 */
export const exactCast = (expression: string, from: DuckDBType, target: Field): string | undefined => {
  const type = duckdbType(target)
  const cast = `CAST(${expression} AS ${type})`
  // Too large a number raises by itself; the same types in nested columns differ in width only.
  if (type === duckdbType({ ...resultField(target.name, from) })) return cast
  if (target.mode === 'REPEATED') return undefined
  const integer = INTEGERS.has(from.typeId)
  if (target.type === 'FLOAT64') return integer || from instanceof DuckDBDecimalType ? cast : undefined
  if (target.type !== 'NUMERIC' && target.type !== 'BIGNUMERIC') return undefined
  if (integer) return cast
  if (!(from instanceof DuckDBDecimalType)) return undefined
  if (from.scale <= decimalDigits(target).scale) return cast
  const message = `column ${target.name}: a value has more digits after the point than the column holds; ROUND it in the query`
  return `CASE WHEN ${cast} <> ${expression} THEN CAST(error('${message.replaceAll("'", "''")}') AS ${type}) ELSE ${cast} END`
}

import { compileExpression } from './expression.ts'
import type { Expr, Translation } from './translation.ts'

/**
 * An expression that may hold aggregates or windows. DuckDB chooses a macro by its arguments' types before it knows those of aggregates,
 * so where a macro stands around one, the aggregates become fields of a list's one element, and the rest a lambda over it.
 */
export const compileHoisted = (translation: Translation, node: unknown): Expr =>
  hoisted(translation, () => compileExpression(translation, node))

const hoisted = (translation: Translation, compile: () => Expr): Expr => {
  const { value, frame } = translation.withFrame(compile)
  if (frame.parts.length === 0) return value
  const aggregated = frame.parts.some((part) => part.aggregate)
  if (!aggregated || !value.sql.includes('gsql.')) return { ...value, sql: inline(value.sql, frame.parts) }
  const fields = frame.parts.map((part) => `'${part.name}': ${part.sql}`)
  return { ...value, sql: `list_transform([{${fields.join(', ')}}], lambda ${frame.name}: ${value.sql})[1]` }
}

/** Later parts may hold earlier ones. */
const inline = (sql: string, parts: readonly { reference: string; sql: string }[]): string =>
  parts.toReversed().reduce((text, part) => text.split(part.reference).join(part.sql), sql)

import { compileExpression } from './expression.ts'
import { isAbsent, isNode, kindOf, type Body } from './node.ts'
import { unify } from './arithmetic.ts'
import { macro, quoteName } from './sql-text.ts'
import type { Expr, Translation } from './translation.ts'

const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : [])

/** `[1, 2]` */
export const compileArray = (translation: Translation, body: Body): Expr => {
  const { expressions } = translation.read('ARRAY', body, ['expressions'])
  const items = unify(listOf(expressions).map((item) => compileExpression(translation, item)))
  return { sql: `[${items.values.join(', ')}]` }
}

/** Fields of `STRUCT(1 AS a, b)`: every one must have a name, since DuckDB has none for others. */
export const readFields = (
  translation: Translation,
  items: readonly unknown[],
  node: unknown,
): { name: string; value: Expr }[] =>
  items.map((item) => {
    const { kind, body } = kindOf(item) ?? { kind: '', body: {} }
    if (kind === 'alias') {
      const { this: inner, alias } = translation.read('AS', body, ['this', 'alias'])
      return { name: translation.name(alias), value: compileExpression(translation, inner) }
    }
    const name = nameOf(translation, item)
    if (name === undefined)
      return translation.refuse(
        node,
        'STRUCT with fields without names is not available in the embedded warehouse: write STRUCT(… AS name)',
        'STRUCT',
      )
    return { name, value: compileExpression(translation, item) }
  })

/** The name that a column or field gives to what selects it. */
export const nameOf = (translation: Translation, node: unknown): string | undefined => {
  const { kind, body } = kindOf(node) ?? { kind: '', body: {} }
  if (kind === 'column' && isNode(body.name)) {
    const token = translation.source.tokenOf(String(body.name.name))
    return token?.kind === 'parameter' ? undefined : translation.name(body.name)
  }
  return kind === 'dot' ? translation.name(body.field) : undefined
}

export const packFields = (fields: readonly { name: string; value: Expr }[]): string =>
  `struct_pack(${fields.map((field) => `${quoteName(field.name)} := ${field.value.sql}`).join(', ')})`

/** `STRUCT<a INT64>(1)`: the cast around it names the fields. */
export const compileStruct = (translation: Translation, body: Body): Expr => {
  const { fields } = translation.read('STRUCT', body, ['fields'])
  const values = listOf(fields).map((field) => {
    const [name, value] = Array.isArray(field) ? field : []
    if (!isAbsent(name))
      return translation.refuse(body, 'names in a typed STRUCT are not available in the embedded warehouse', 'STRUCT')
    return compileExpression(translation, value).sql
  })
  return { sql: `row(${values.join(', ')})` }
}

/** `record.field` */
export const compileField = (translation: Translation, body: Body): Expr => {
  const { this: inner, field } = translation.read('.', body, ['this', 'field'])
  return { sql: `(${compileExpression(translation, inner).sql}).${quoteName(translation.name(field))}` }
}

const SUBSCRIPTS: Readonly<Record<string, string>> = {
  OFFSET: 'at_offset',
  SAFE_OFFSET: 'at_safe_offset',
  ORDINAL: 'at_ordinal',
  SAFE_ORDINAL: 'at_safe_ordinal',
}

/** `list[OFFSET(0)]`; a bare index is refused, since it may mean a field of JSON. */
export const compileSubscript = (translation: Translation, body: Body): Expr => {
  const { this: inner, index } = translation.read('[]', body, ['this', 'index'])
  const call = isNode(index) && isNode(index.function) ? index.function : {}
  const name = SUBSCRIPTS[String(call.name).toUpperCase()]
  const position = listOf(call.args)
  if (!name || position.length !== 1)
    return translation.refuse(body, 'a bare index is not available in the embedded warehouse: write list[OFFSET(0)]')
  const at = compileExpression(translation, position[0])
  if (at.isNull) return translation.refuse(body, 'NULL is no index', String(call.name))
  return { sql: macro(name, compileExpression(translation, inner).sql, at.sql) }
}

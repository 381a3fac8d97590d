import { compileExpression } from './expression.ts'
import { isAbsent, isNode, kindOf, listOf, type Body } from './node.ts'
import { unify } from './arithmetic.ts'
import { macro, quoteName } from './sql-text.ts'
import type { Expr, Translation } from './translation.ts'

/** `[1, 2]` */
export const compileArray = (translation: Translation, body: Body): Expr => {
  const { expressions } = translation.read('ARRAY', body, ['expressions'])
  const items = unify(listOf(expressions).map((item) => compileExpression(translation, item)))
  return { sql: `[${items.values.join(', ')}]` }
}

export interface StructField {
  readonly name: string
  readonly value: Expr
}

interface ReadFieldsOptions {
  readonly compile: (translation: Translation, node: unknown) => Expr
  /** What is told of a field without a name. */
  readonly unnamed: string
}

/** Fields of `STRUCT(1 AS a, b)`: every one must have a name, since DuckDB has none for others. */
export const structFields = (translation: Translation, items: readonly unknown[], node: unknown): StructField[] =>
  readFields(translation, items, node, {
    compile: compileExpression,
    unnamed: 'STRUCT with fields without names is not available in the embedded warehouse: write STRUCT(… AS name)',
  })

export const readFields = (
  translation: Translation,
  items: readonly unknown[],
  node: unknown,
  { compile, unnamed }: ReadFieldsOptions,
): StructField[] =>
  items.map((item) => {
    const { kind, body } = kindOf(item) ?? { kind: '', body: {} }
    const inner = kind === 'alias' ? translation.read('AS', body, ['this', 'alias']).this : item
    const name = kind === 'alias' ? translation.name(body.alias) : nameOf(translation, item)
    return name === undefined
      ? translation.refuse(node, unnamed, 'STRUCT')
      : { name, value: compile(translation, inner) }
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

export const packFields = (fields: readonly StructField[]): string =>
  `struct_pack(${fields.map((field) => `${quoteName(field.name)} := ${field.value.sql}`).join(', ')})`

/** `STRUCT<a INT64>(1)`: the cast around it names the fields. */
export const compileStruct = (translation: Translation, body: Body): Expr => {
  const { fields } = translation.read('STRUCT', body, ['fields'])
  const values = listOf(fields).map((field) => {
    const [name, value] = listOf(field)
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

import { datasetName } from '@convergence/core/table.ts'
import { compileHoisted } from './hoist.ts'
import { isAbsent, isNode, kindOf, listOf, type Body } from './node.ts'
import { compileQuery } from './query.ts'
import { quoteName } from './sql-text.ts'
import { title, type Translation } from './translation.ts'

/**
 * FROM with its joins. The tenant's boundary: what stands here is a table of the query, a common table expression, a subquery, or
 * UNNEST of an array; anything else, functions and file names too, is refused.
 */
export const compileFrom = (translation: Translation, from: unknown, joins: unknown): string => {
  if (isAbsent(from)) return ''
  const { expressions } = translation.read('FROM', isNode(from) ? from : {}, ['expressions'])
  const first = listOf(expressions).map((item) => compileRelation(translation, item))
  // In BigQuery a comma binds as CROSS JOIN does; in DuckDB it does not.
  return `FROM ${[first.join(' CROSS JOIN '), ...listOf(joins).map((join) => compileJoin(translation, join))].join(' ')}`
}

const JOINS: Readonly<Record<string, string>> = {
  Inner: 'JOIN',
  Left: 'LEFT JOIN',
  Right: 'RIGHT JOIN',
  Full: 'FULL JOIN',
  Cross: 'CROSS JOIN',
  Implicit: 'CROSS JOIN',
}

const compileJoin = (translation: Translation, value: unknown): string => {
  const body = isNode(value) ? value : {}
  const { this: relation, on, using, kind } = translation.read('JOIN', body, ['this', 'on', 'using', 'kind'])
  const word = JOINS[String(kind)]
  if (!word) return translation.refuse(value, `${String(kind)} JOIN is not available in the embedded warehouse`, 'JOIN')
  if (kind !== 'Implicit') translation.count('JOIN')
  const text = compileRelation(translation, relation)
  const names = listOf(using).map((name) => quoteName(translation.name(name)))
  if (names.length > 0) return `${word} ${text} USING (${names.join(', ')})`
  if (!isAbsent(on)) return `${word} ${text} ON ${compileHoisted(translation, on).sql}`
  const unconditional =
    kind === 'Cross' || kind === 'Implicit' || kindOf(relation)?.kind === 'unnest' || word === 'JOIN'
  if (!unconditional) return translation.refuse(relation, `${word} needs ON or USING`, 'JOIN')
  return word === 'JOIN' || word === 'CROSS JOIN' ? `CROSS JOIN ${text}` : `${word} ${text} ON TRUE`
}

const compileRelation = (translation: Translation, node: unknown): string => {
  const { kind, body } = kindOf(node) ?? translation.refuse(node, 'a table is expected here')
  if (kind === 'table') return compileTable(translation, body)
  if (kind === 'unnest') return compileUnnest(translation, body, undefined)
  if (kind === 'alias') {
    const { this: inner, alias } = translation.read('FROM', body, ['this', 'alias'])
    const unnest = kindOf(inner)
    if (unnest?.kind !== 'unnest')
      return translation.refuse(inner, 'only tables, subqueries and UNNEST are allowed in FROM')
    return compileUnnest(translation, unnest.body, alias)
  }
  if (kind === 'subquery') {
    const { this: query, alias } = translation.read('FROM', body, ['this', 'alias'])
    const text = compileQuery(translation, query)
    return isAbsent(alias) ? `(${text})` : `(${text}) AS ${define(translation, translation.name(alias))}`
  }
  if (kind === 'joined_table') {
    const { left, joins } = translation.read('FROM', body, ['left', 'joins'])
    return `(${[compileRelation(translation, left), ...listOf(joins).map((join) => compileJoin(translation, join))].join(' ')})`
  }
  if (kind === 'paren') return `(${compileRelation(translation, translation.read('FROM', body, ['this']).this)})`
  const name = kind === 'function' ? String(body.name) : title(kind)
  return translation.refuse(
    node,
    `${name} is not allowed in FROM: use {{ dataset.table }}, a subquery, a name from WITH, or UNNEST`,
    name,
  )
}

const define = (translation: Translation, name: string): string => {
  translation.defineAlias(name)
  return quoteName(name)
}

const compileTable = (translation: Translation, body: Body): string => {
  const { name, schema, catalog, alias } = translation.read('FROM', body, [
    'name',
    'schema',
    'catalog',
    'alias',
    'identifier_func',
  ])
  const token = translation.source.tokenOf(isNode(name) ? String(name.name) : '')
  const aliasName = isAbsent(alias) ? undefined : translation.name(alias)
  if (token?.kind === 'template' && isAbsent(schema) && isAbsent(catalog)) {
    translation.token(String(isNode(name) ? name.name : ''))
    const table = translation.table(token)
    return `${quoteName(datasetName(table))}.${quoteName(table.table)} AS ${define(translation, aliasName ?? table.table)}`
  }
  const path = [catalog, schema, name].filter((part) => !isAbsent(part)).map((part) => translation.name(part))
  const [first = '', ...rest] = path
  if (rest.length === 0 && token?.kind !== 'string' && token?.kind !== 'parameter' && translation.isCte(first)) {
    return `${quoteName(first)} AS ${define(translation, aliasName ?? first)}`
  }
  if (rest.length === 1 && translation.isAlias(first))
    return unnestText(translation, path.map(quoteName).join('.'), aliasName ?? rest[0] ?? '', undefined)
  return translation.refuse(
    body,
    `${path.join('.')} is no table of this query: tables are named by template, {{ dataset.table }}`,
  )
}

const compileUnnest = (translation: Translation, body: Body, outerAlias: unknown): string => {
  const {
    this: inner,
    alias,
    with_ordinality: ordinal,
    offset_alias: offset,
  } = translation.read('UNNEST', body, ['this', 'alias', 'with_ordinality', 'offset_alias'])
  const name = isAbsent(outerAlias) ? alias : outerAlias
  const fields = structFields(inner)
  const list = compileHoisted(translation, inner).sql
  const offsetName = ordinal === true ? (isAbsent(offset) ? 'offset' : translation.name(offset)) : undefined
  if (fields && offsetName !== undefined)
    return translation.refuse(
      body,
      'WITH OFFSET of an array of STRUCTs is not available in the embedded warehouse',
      'OFFSET',
    )
  const aliasName = isAbsent(name) ? undefined : translation.name(name)
  if (fields)
    return `(SELECT unnest(${list}, max_depth := 2)) AS ${define(translation, aliasName ?? `unnested_${translation.nextNumber()}`)}`
  return unnestText(translation, list, aliasName, offsetName)
}

/** An array that is written as STRUCTs: its fields are columns. */
const structFields = (node: unknown): boolean => {
  const { kind, body } = kindOf(node) ?? { kind: '', body: {} }
  if (kind === 'cast')
    return isNode(body.to) && isNode(body.to.element_type) && body.to.element_type.data_type === 'struct'
  const first = kindOf(listOf(body.expressions)[0])
  return (
    (kind === 'array_func' || kind === 'array') &&
    first?.kind === 'function' &&
    String(first.body.name).toUpperCase() === 'STRUCT'
  )
}

const unnestText = (
  translation: Translation,
  list: string,
  alias: string | undefined,
  offset: string | undefined,
): string => {
  const name = alias ?? `unnested_${translation.nextNumber()}`
  const positions = offset === undefined ? '' : `, unnest(range(len(${list}))) AS ${define(translation, offset)}`
  return `(SELECT unnest(${list}) AS ${quoteName(name)}${positions}) AS ${define(translation, name)}`
}

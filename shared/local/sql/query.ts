import { compileExpression } from './expression.ts'
import { compileFrom } from './from.ts'
import { compileHoisted } from './hoist.ts'
import { wholeNumber } from './literal.ts'
import { isAbsent, isNode, kindOf, listOf, type Body } from './node.ts'
import { orderBy } from './order.ts'
import { quoteName } from './sql-text.ts'
import { nameOf, packFields, readFields, type StructField } from './structure.ts'
import { title, type Expr, type Translation } from './translation.ts'
import { compileWindowSpec } from './window.ts'

/** A whole SELECT, set operation or WITH. */
export const compileQuery = (translation: Translation, node: unknown): string => {
  const { kind, body } = kindOf(node) ?? translation.refuse(node, 'a SELECT is expected here')
  if (kind === 'select') return compileSelect(translation, body)
  if (kind === 'union' || kind === 'intersect' || kind === 'except') return compileSetOperation(translation, kind, body)
  if (kind === 'subquery') return compileParenthesized(translation, body)
  return translation.refuse(node, `only one SELECT is allowed: ${title(kind)} is not`, title(kind).split(' ')[0])
}

const compileParenthesized = (translation: Translation, body: Body): string => {
  const {
    this: query,
    order_by: order,
    limit,
    offset,
    with: ctes,
  } = translation.read('( )', body, ['this', 'order_by', 'limit', 'offset', 'with'])
  return withCtes(translation, ctes, () =>
    [`(${compileQuery(translation, query)})`, ...compileTail(translation, order, limit, offset)].join(' '),
  )
}

const compileSetOperation = (translation: Translation, kind: 'union' | 'intersect' | 'except', body: Body): string => {
  const {
    left,
    right,
    all,
    distinct,
    with: ctes,
    order_by: order,
    limit,
    offset,
  } = translation.read(title(kind), body, ['left', 'right', 'all', 'distinct', 'with', 'order_by', 'limit', 'offset'])
  if (kind !== 'except') translation.count(title(kind))
  if (distinct === true) translation.count('DISTINCT')
  if (all === true && kind !== 'union')
    return translation.refuse(body, `${title(kind)} ALL is not available in the embedded warehouse`, title(kind))
  return withCtes(translation, ctes, () => {
    for (const side of [left, right])
      if (isStructSelect(side) || hasStruct(side))
        translation.refuse(side, 'STRUCT in a set operation is not available in the embedded warehouse', title(kind))
    leaveUntyped(translation, [left, right])
    const word = `${title(kind)}${all === true ? ' ALL' : ''}`
    return [
      `(${compileQuery(translation, left)}) ${word} (${compileQuery(translation, right)})`,
      ...compileTail(translation, order, limit, offset),
    ].join(' ')
  })
}

/** A NULL takes the type of what stands in its column on the other side, where that is no NULL itself. */
const leaveUntyped = (translation: Translation, sides: readonly unknown[]): void => {
  const selects = sides.flatMap(leaves)
  const isStar = selects.some((items) => items.some((item) => kindOf(item)?.kind === 'star'))
  if (isStar) return
  for (const [index] of (selects[0] ?? []).entries()) {
    const column = selects.map((items) => withoutAlias(items[index]))
    const nulls = column.filter((item) => kindOf(item)?.kind === 'null')
    if (nulls.length < column.length) for (const item of nulls) translation.leaveUntyped(item)
  }
}

const withoutAlias = (item: unknown): unknown => {
  const { kind, body } = kindOf(item) ?? { kind: '', body: {} }
  return kind === 'alias' ? body.this : item
}

/** The output columns of each SELECT that a set operation unites. */
const leaves = (node: unknown): unknown[][] => {
  const { kind, body } = kindOf(node) ?? { kind: '', body: {} }
  if (kind === 'select') return [listOf(body.expressions)]
  return [body.left, body.right, body.this].filter((side) => !isAbsent(side)).flatMap(leaves)
}

/** DuckDB unites STRUCTs by the names of their fields, BigQuery by their positions. */
const hasStruct = (node: unknown): boolean =>
  listOf(kindOf(node)?.body.expressions).some((item) => {
    const { kind, body } = kindOf(item) ?? { kind: '', body: {} }
    const call = kind === 'alias' ? kindOf(body.this) : { kind, body }
    return call?.kind === 'function' && String(call.body.name).toUpperCase() === 'STRUCT'
  })

const isStructSelect = (node: unknown): boolean => !isAbsent(kindOf(node)?.body.kind)

const compileTail = (translation: Translation, order: unknown, limit: unknown, offset: unknown): string[] => {
  const parts: string[] = []
  if (!isAbsent(order)) parts.push(orderBy(translation, order, true))
  if (!isAbsent(limit)) {
    translation.count('LIMIT')
    parts.push(`LIMIT ${limitOf(translation, limit)}`)
  }
  if (!isAbsent(offset)) parts.push(`OFFSET ${limitOf(translation, offset)}`)
  return parts
}

const limitOf = (translation: Translation, node: unknown): string => {
  const inner = isNode(node) && 'this' in node ? node.this : node
  if (wholeNumber(inner) !== undefined) translation.countNumber()
  else if (kindOf(inner)?.kind !== 'column')
    return translation.refuse(inner, 'LIMIT and OFFSET take a whole number or a parameter', 'LIMIT')
  const number = wholeNumber(inner)
  return number === undefined ? compileExpression(translation, inner).sql : String(number)
}

const withCtes = (translation: Translation, value: unknown, work: () => string): string => {
  if (isAbsent(value)) return work()
  const { ctes, recursive } = translation.read('WITH', isNode(value) ? value : {}, ['ctes', 'recursive'])
  const bodies = listOf(ctes).map((cte) => translation.read('WITH', isNode(cte) ? cte : {}, ['alias', 'this']))
  for (const { alias } of bodies)
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(translation.name(alias)))
      return translation.refuse(alias, 'names in WITH hold letters, digits and _ only in the embedded warehouse')
  return translation.withCtes((define) => {
    const texts = bodies.map(({ alias, this: query }) => {
      if (recursive === true) define(translation.name(alias))
      const text = `${quoteName(translation.name(alias))} AS (${compileQuery(translation, query)})`
      if (recursive !== true) define(translation.name(alias))
      return text
    })
    return `WITH ${recursive === true ? 'RECURSIVE ' : ''}${texts.join(', ')} ${work()}`
  })
}

const SELECT_KEYS = [
  'expressions',
  'from',
  'joins',
  'where_clause',
  'group_by',
  'having',
  'qualify',
  'windows',
  'order_by',
  'limit',
  'offset',
  'distinct',
  'with',
  'kind',
]

const compileSelect = (translation: Translation, body: Body): string => {
  const select = translation.read('SELECT', body, SELECT_KEYS)
  translation.count('SELECT')
  return withCtes(translation, select.with, () =>
    translation.withAliases(() => {
      for (const window of listOf(select.windows))
        if (hasFrame(window)) translation.defineFramed(translation.name((window as Body).name))
      const from = compileFrom(translation, select.from, select.joins)
      const items = compileItems(translation, select)
      const parts = [`SELECT ${select.distinct === true ? 'DISTINCT ' : ''}${items}`, from]
      if (select.distinct === true) translation.count('DISTINCT')
      parts.push(...compileClauses(translation, select))
      const tail = compileTail(translation, select.order_by, select.limit, select.offset)
      const text = [...parts, ...tail].filter((part) => part !== '').join(' ')
      return text
    }),
  )
}

const hasFrame = (window: unknown): boolean => isNode(window) && isNode(window.spec) && isNode(window.spec.frame)

const compileClauses = (translation: Translation, select: Body): string[] => {
  const parts: string[] = []
  const condition = (word: string, clause: unknown): void => {
    if (isAbsent(clause)) return
    translation.count(word)
    const { this: inner } = translation.read(word, isNode(clause) ? clause : {}, ['this'])
    parts.push(`${word} ${compileHoisted(translation, inner).sql}`)
  }
  condition('WHERE', select.where_clause)
  if (!isAbsent(select.group_by)) parts.push(compileGroupBy(translation, select))
  condition('HAVING', select.having)
  const windows = listOf(select.windows).map((window) => {
    const { name, spec } = translation.read('WINDOW', isNode(window) ? window : {}, ['name', 'spec'])
    return `${quoteName(translation.name(name))} AS ${compileWindowSpec(translation, isNode(spec) ? spec : {})}`
  })
  if (windows.length > 0) parts.push(`WINDOW ${windows.join(', ')}`)
  condition('QUALIFY', select.qualify)
  return parts
}

/** The output columns: every one gets the name that BigQuery gives it, `f0_` and so on where it has none. */
const compileItems = (translation: Translation, select: Body): string => {
  const items = listOf(select.expressions)
  if (select.kind === 'STRUCT') return `${packFields(selectFields(translation, items, select))} AS "f0_"`
  if (!isAbsent(select.kind))
    return translation.refuse(
      select,
      `SELECT AS ${String(select.kind)} is not available in the embedded warehouse`,
      'SELECT',
    )
  let unnamed = 0
  return items
    .map((item) => {
      const { kind, body } = kindOf(item) ?? { kind: '', body: {} }
      if (kind === 'star') return compileStar(translation, body, usingColumns(translation, select.joins))
      if (kind === 'alias') {
        const { this: inner, alias } = translation.read('AS', body, ['this', 'alias'])
        const own =
          kindOf(inner)?.kind === 'column' &&
          nameOf(translation, inner)?.toLowerCase() === translation.name(alias).toLowerCase()
        return own
          ? compileItem(translation, inner).sql
          : `${compileItem(translation, inner).sql} AS ${quoteName(translation.name(alias))}`
      }
      // DuckDB takes an alias of a column's own name for a reference to itself, inside a correlated subquery.
      if (kind === 'column' && nameOf(translation, item) !== undefined) return compileItem(translation, item).sql
      const name = nameOf(translation, item) ?? `f${unnamed++}_`
      return `${compileItem(translation, item).sql} AS ${quoteName(name)}`
    })
    .join(', ')
}

const compileItem = (translation: Translation, node: unknown): Expr => {
  const value = compileHoisted(translation, node)
  // BigQuery gives an untyped NULL the type INT64.
  return value.isNull && !translation.isUntyped(node) ? { sql: 'CAST(NULL AS BIGINT)', type: 'INT64' } : value
}

/** `SELECT AS STRUCT …` */
const selectFields = (translation: Translation, items: readonly unknown[], node: unknown): StructField[] =>
  readFields(translation, items, node, {
    compile: compileItem,
    unnamed: 'SELECT AS STRUCT with columns without names is not available in the embedded warehouse',
  })

/** Columns of USING: BigQuery's `*` begins with those of the last join. */
const usingColumns = (translation: Translation, joins: unknown): string[] => {
  const names = listOf(joins)
    .toReversed()
    .flatMap((join) => listOf(isNode(join) ? join.using : undefined).map((name) => translation.name(name)))
  return names.filter((name, index) => names.findIndex((other) => other.toLowerCase() === name.toLowerCase()) === index)
}

const compileStar = (translation: Translation, body: Body, using: readonly string[]): string => {
  const { table, except, replace } = translation.read('*', body, ['table', 'except', 'replace'])
  const star = isAbsent(table) ? '*' : `${quoteName(translation.name(table))}.*`
  const without = listOf(except).map((name) => quoteName(translation.name(name)))
  if (isAbsent(table) && using.length > 0) {
    if (without.length + listOf(replace).length > 0)
      return translation.refuse(
        body,
        '* EXCEPT and * REPLACE beside USING are not available in the embedded warehouse',
        '*',
      )
    const columns = using.map(quoteName)
    return `${columns.join(', ')}, * EXCLUDE (${columns.join(', ')})`
  }
  const instead = listOf(replace).map((item) => {
    const { this: inner, alias } = translation.read('REPLACE', isNode(item) ? item : {}, ['this', 'alias'])
    return `${compileItem(translation, inner).sql} AS ${quoteName(translation.name(alias))}`
  })
  return [
    star,
    without.length > 0 ? `EXCLUDE (${without.join(', ')})` : '',
    instead.length > 0 ? `REPLACE (${instead.join(', ')})` : '',
  ]
    .filter((part) => part !== '')
    .join(' ')
}

const compileGroupBy = (translation: Translation, select: Body): string => {
  const { expressions } = translation.read('GROUP BY', isNode(select.group_by) ? select.group_by : {}, ['expressions'])
  translation.count('GROUP')
  const aliases = listOf(select.expressions).map((item) => {
    const { kind, body } = kindOf(item) ?? { kind: '', body: {} }
    return kind === 'alias' && nameOf(translation, body.this) === undefined
      ? translation.name(body.alias).toLowerCase()
      : undefined
  })
  const hasStar = listOf(select.expressions).some((item) => kindOf(item)?.kind === 'star')
  const items = listOf(expressions).map((item) => {
    const ordinal = wholeNumber(item)
    if (ordinal !== undefined) translation.countNumber()
    const column =
      kindOf(item)?.kind === 'column' && isAbsent(kindOf(item)?.body.table) ? nameOf(translation, item) : undefined
    const position = column === undefined || hasStar ? -1 : aliases.indexOf(column.toLowerCase())
    if (position >= 0) translation.name(isNode(item) && isNode(item.column) ? item.column.name : undefined)
    if (ordinal !== undefined || position >= 0) return String(ordinal ?? position + 1)
    const call = kindOf(item)
    if (call?.kind === 'function' && /^(ROLLUP|CUBE|GROUPING SETS)$/i.test(String(call.body.name)))
      return compileGroupingSets(translation, call.body)
    return compileExpression(translation, item).sql
  })
  return `GROUP BY ${items.join(', ')}`
}

/** ROLLUP, CUBE and GROUPING SETS over columns only. */
const compileGroupingSets = (translation: Translation, body: Body): string => {
  const { name, args } = translation.read('GROUP BY', body, ['name', 'args'])
  const word = String(name).toUpperCase()
  const column = (node: unknown): string => {
    if (kindOf(node)?.kind !== 'column')
      return translation.refuse(
        node ?? body,
        `${word} over anything but columns is not available in the embedded warehouse`,
        word.split(' ')[0],
      )
    return compileExpression(translation, node).sql
  }
  const item = (node: unknown): string => {
    const { kind, body: inner } = kindOf(node) ?? { kind: '', body: {} }
    return kind === 'tuple'
      ? `(${listOf(inner.expressions).map(column).join(', ')})`
      : column(kind === 'paren' ? inner.this : node)
  }
  return `${word} (${listOf(args).map(item).join(', ')})`
}

/** `ARRAY(SELECT …)` */
export const compileArrayQuery = (translation: Translation, query: unknown): Expr => ({
  sql: `ARRAY(${compileQuery(translation, query)})`,
})

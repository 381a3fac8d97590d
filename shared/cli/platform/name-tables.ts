import { positionOf, tokenize, type Token } from '@convergence/core/sql/tokens.ts'

const NAME = /^[a-z][a-z0-9_]{0,62}$/

/** Words behind which a table may stand. */
const BEFORE_TABLE = new Set(['FROM', 'JOIN'])

export interface NamedTables {
  readonly sql: string
  /** A message about `sql`, with its positions (`SQL 1:8`) as they are in what the person typed. */
  readonly typed: (message: string) => string
}

/**
 * SQL as a person types it: `FROM dataset.table` becomes the template `FROM {{ dataset.table }}`. Only where it cannot be anything else:
 * right behind FROM, JOIN, or a comma between tables, and two plain names that no alias of the query has.
 */
export const nameTables = (sql: string): NamedTables => {
  const tokens = tokenize(sql)
  const aliases = aliasesOf(tokens)
  const longer: Longer[] = []
  let result = ''
  let at = 0
  for (const [index] of tokens.entries()) {
    const reference = tableAt(tokens, index, aliases)
    if (!reference) continue
    result += sql.slice(at, reference.start)
    const template = `{{ ${reference.name} }}`
    const [line = 0, column = 0] = positionOf(`${result}{`, result.length).split(':').map(Number)
    longer.push({ line, column, by: template.length - (reference.end - reference.start) })
    result += template
    at = reference.end
  }
  return { sql: result + sql.slice(at), typed: (message) => withTypedPositions(message, longer) }
}

/** A template that takes more places than what was typed. */
interface Longer {
  readonly line: number
  readonly column: number
  readonly by: number
}

const withTypedPositions = (message: string, longer: readonly Longer[]): string =>
  message.replaceAll(/^(SQL |query:)(\d+):(\d+)/gm, (_all, start: string, line: string, column: string) => {
    const before = longer.filter((one) => one.line === Number(line) && one.column < Number(column))
    return `${start}${line}:${Number(column) - before.reduce((sum, { by }) => sum + by, 0)}`
  })

interface Reference {
  readonly name: string
  readonly start: number
  readonly end: number
}

const tableAt = (tokens: readonly Token[], index: number, aliases: ReadonlySet<string>): Reference | undefined => {
  const token = tokens[index]
  if (!token || !startsTable(tokens, index)) return undefined
  const parts = token.kind === 'quoted' ? token.value.split('.') : [token.text]
  if (token.kind !== 'quoted' && token.kind !== 'word') return undefined
  if (parts.length === 2) return plain(parts, token.start, token.end, aliases)
  const [, dot, second] = tokens.slice(index, index + 3)
  const adjoining = dot?.text === '.' && (second?.kind === 'word' || second?.kind === 'quoted')
  // Three names would be another project's table: that is refused as it stands.
  if (!adjoining || tokens[index + 3]?.text === '.') return undefined
  return plain([token.value, second.value], token.start, second.end, aliases)
}

const plain = (
  parts: readonly string[],
  start: number,
  end: number,
  aliases: ReadonlySet<string>,
): Reference | undefined =>
  parts.every((part) => NAME.test(part)) && !aliases.has(parts[0] ?? '')
    ? { name: parts.join('.'), start, end }
    : undefined

const startsTable = (tokens: readonly Token[], index: number): boolean => {
  const before = tokens[index - 1]
  if (before?.kind === 'word') return BEFORE_TABLE.has(before.text.toUpperCase())
  if (before?.text !== ',') return false
  return clauseOf(tokens, index) === 'FROM'
}

const CLAUSES = new Set([
  'SELECT',
  'FROM',
  'WHERE',
  'GROUP',
  'HAVING',
  'QUALIFY',
  'ORDER',
  'LIMIT',
  'WINDOW',
  'ON',
  'USING',
  'WITH',
])

/** The clause that a token belongs to, seen from its own level of parentheses. */
const clauseOf = (tokens: readonly Token[], index: number): string => {
  let depth = 0
  for (const token of tokens.slice(0, index).toReversed()) {
    if (token.text === ')') depth++
    else if (token.text === '(' && depth-- === 0) return '('
    else if (depth === 0 && token.kind === 'word' && CLAUSES.has(token.text.toUpperCase()))
      return token.text.toUpperCase()
  }
  return ''
}

/** Names that the query gives to tables itself: `FROM t.items` may mean an array of the row `t`. */
const aliasesOf = (tokens: readonly Token[]): ReadonlySet<string> => {
  const names = tokens.flatMap((token, index) => {
    const before = tokens[index - 1]
    const isName = token.kind === 'word' || token.kind === 'quoted'
    const isAlias = before?.kind === 'word' && before.text.toUpperCase() === 'AS'
    const isWith = tokens[index + 1]?.text.toUpperCase() === 'AS' && tokens[index + 2]?.text === '('
    const isBare = before?.kind === 'template' || before?.kind === 'quoted' || tokens[index - 2]?.text === '.'
    return isName && (isAlias || isWith || isBare) ? [token.value] : []
  })
  return new Set(names)
}

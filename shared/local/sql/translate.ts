import type { QueryParameter, TenantSql } from '@convergence/core/ports/warehouse.ts'
import type { Token } from '@convergence/core/sql/tokens.ts'
import type { TableRef } from '@convergence/core/table.ts'
import { compileQuery } from './query.ts'
import { readSource, type Source } from './source.ts'
import { Translation } from './translation.ts'

interface TranslatedSql {
  /** DuckDB's SQL: one SELECT, over the tenant's own tables only. It needs `MACROS` and `SESSION_SETTINGS`. */
  readonly sql: string
  /** Those that the query uses, as `$name`. */
  readonly parameters: QueryParameter[]
  readonly tables: TableRef[]
}

/**
 * A tenant's GoogleSQL as DuckDB's. Every node and function is on an allow-list; what is not there is refused by name and position,
 * never guessed. Throws InvalidInputError whose message begins with `SQL line:column`.
 */
export type TranslateGoogleSql = (query: TenantSql) => TranslatedSql

/** Loads the parser, which takes a third of a second, when it is first needed. */
export const loadTranslator = async (): Promise<TranslateGoogleSql> => {
  const { parse } = await import('@polyglot-sql/sdk')
  return (query) => translate(query, (text) => parse(text, 'bigquery' as Parameters<typeof parse>[1]) as ParseResult)
}

interface ParseResult {
  readonly success: boolean
  readonly ast?: unknown
  readonly error?: string | undefined
  readonly errorStart?: number | undefined
}

const translate = (query: TenantSql, parse: (text: string) => ParseResult): TranslatedSql => {
  const source = readSource(query.sql)
  refuseOddTokens(source)
  const result = parse(source.masked)
  if (!result.success)
    throw source.error(
      errorToken(source, result),
      `this is not GoogleSQL that the embedded warehouse understands${reason(result)}`,
    )
  const statements: unknown[] = Array.isArray(result.ast) ? result.ast : []
  if (statements.length !== 1) throw source.error(source.tokens[0], 'one SELECT is expected')
  const translation = new Translation(query, source)
  const sql = compileQuery(translation, statements[0])
  return { sql, ...translation.finish() }
}

const errorToken = (source: Source, result: ParseResult): Token | undefined =>
  result.errorStart === undefined ? source.tokens[0] : (source.tokenAt(result.errorStart) ?? source.tokens[0])

/** The parser's reason, unless it speaks of marks, which the tenant did not write. */
const reason = (result: ParseResult): string => {
  const text = /column \d+: (.*)$/s.exec(result.error ?? '')?.[1]?.replace(/ near \[.*$/s, '') ?? ''
  return text === '' || text.includes('#') ? '' : `: ${text}`
}

/** Forms that the parser takes for others, or drops. */
const refuseOddTokens = (source: Source): void => {
  const { tokens } = source
  if (tokens.length === 0) throw source.error(undefined, 'one SELECT is expected')
  for (const [index, token] of tokens.entries()) {
    const word = token.text.toUpperCase()
    const next = tokens[index + 1]
    const refuse = (what: string): never => {
      throw source.error(token, `${what} is not available in the embedded warehouse`)
    }
    if (token.text === ';') throw source.error(token, 'one SELECT is expected: there is another statement after it')
    if (['@', '?', '$', '%', '{', '}', ':', '!'].includes(token.text) && !(token.text === '!' && next?.text === '='))
      refuse(`${token.text} here`)
    if (
      token.kind === 'word' &&
      next &&
      (next.kind === 'string' || next.kind === 'bytes') &&
      ['BIGNUMERIC', 'BIGDECIMAL', 'JSON', 'RANGE', 'INTERVAL'].includes(word)
    )
      refuse(`${word} '…'`)
    if (word === 'RANGE' && next?.text === '<') refuse('RANGE<…>')
    if (token.kind === 'string' && next?.kind === 'string') refuse('a string beside a string')
  }
}

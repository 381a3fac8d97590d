import { InvalidInputError } from '../errors.ts'
import type { QueryParameter, TenantSql } from '../ports/warehouse.ts'
import { positionOf, tokenize, type Token } from './tokens.ts'
import type { TableRef } from '../table.ts'

export interface RenderContext {
  readonly tenant: string
  /** All that the run has; the query is given those that it uses. */
  readonly parameters: readonly QueryParameter[]
  /** Named in messages. */
  readonly file?: string | undefined
  readonly maxBytesBilled?: number | undefined
}

/** Names that templates use elsewhere, and that are no datasets therefore. */
const RESERVED = new Set(['run', 'parameters', 'window', 'cursor', 'secrets', 'parent'])
const TABLE = /^([a-z][a-z0-9_]{0,62})\.([a-z][a-z0-9_]{0,62})$/

/**
 * A tenant's SQL file as a query: its table templates checked, its parameters bound. The text stays as it was written, so that a
 * position in a later message is a position in the file. Throws InvalidInputError that lists every problem as `file:line:column`.
 */
export const renderSql = (text: string, context: RenderContext): TenantSql => {
  const file = context.file ?? 'SQL'
  const problems: string[] = []
  const refuse = (token: Token, message: string): void =>
    void problems.push(`${file}:${positionOf(text, token.start)}: ${message}`)
  const tokens = tokenizeFile(text, file)
  const tables = new Map<string, TableRef>()
  const parameters = new Map<string, QueryParameter>()
  for (const token of tokens) {
    if (token.kind === 'template') {
      const table = readTable(token, context.tenant, refuse)
      if (table) tables.set(token.value, table)
    }
    if (token.kind === 'parameter') {
      const parameter = context.parameters.find((one) => one.name === token.value)
      if (parameter) parameters.set(parameter.name, parameter)
      else refuse(token, `the run has no parameter ${token.text}${list(context.parameters)}`)
    }
  }
  if (tokens.length === 0) problems.push(`${file}:1:1: there is no SELECT in it`)
  if (problems.length > 0) throw new InvalidInputError(problems.join('\n'), { details: { problems } })
  return {
    sql: text,
    tables: Object.fromEntries(tables),
    parameters: [...parameters.values()],
    maxBytesBilled: context.maxBytesBilled,
  }
}

const tokenizeFile = (text: string, file: string): Token[] => {
  try {
    return tokenize(text)
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error
    throw new InvalidInputError(error.message.replace(/^SQL /, `${file}:`), { details: error.details, cause: error })
  }
}

const readTable = (
  token: Token,
  tenant: string,
  refuse: (token: Token, message: string) => void,
): TableRef | undefined => {
  const [, dataset = '', table = ''] = TABLE.exec(token.value) ?? []
  if (dataset === '') {
    refuse(
      token,
      `${token.text} does not name a table: in SQL a template is {{ dataset.table }}, in lower case, and nothing else`,
    )
    return undefined
  }
  if (RESERVED.has(dataset)) {
    const advice = dataset === 'parameters' ? `; write the parameter as @${table}` : ''
    refuse(token, `${token.text} does not name a table: ${dataset} is not a dataset${advice}`)
    return undefined
  }
  return { tenant, dataset, table }
}

const list = (parameters: readonly QueryParameter[]): string =>
  parameters.length > 0 ? ` (it has ${parameters.map((one) => `@${one.name}`).join(', ')})` : ''

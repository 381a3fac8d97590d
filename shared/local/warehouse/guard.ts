import { InvalidInputError } from '@convergence/core/errors.ts'
import { text } from './parameters.ts'
import type { Session } from './session.ts'

/** Table functions that read nothing outside the query. */
const HARMLESS: ReadonlySet<string> = new Set(['unnest', 'range', 'generate_series', 'json_each', 'json_tree'])
/** Functions that tell or do something outside the query's tables. */
const HARMFUL =
  /^(read_|getenv|getvariable|current_setting|query$|query_table|pragma_|duckdb_|nextval|currval|write_log|parquet_|sniff_csv|glob$)/

export interface AllowedTable {
  readonly schema: string
  readonly table: string
}

/**
 * Defence in depth behind the translator's allow-list: reads DuckDB's own syntax tree of the statement, and throws InvalidInputError
 * unless it is one SELECT over the named tables. Files are out of reach anyway, but for those below the object folder.
 */
export const guardSelect = async (session: Session, sql: string, tables: readonly AllowedTable[]): Promise<void> => {
  const tree = JSON.parse(
    String(await session.scalar('SELECT json_serialize_sql(CAST($sql AS VARCHAR))', { sql: text(sql) })),
  ) as Tree
  if (tree['error'] === true)
    throw new InvalidInputError(`not a SELECT that can be run: ${String(tree['error_message'])}`)
  if (!Array.isArray(tree['statements']) || tree['statements'].length !== 1)
    throw new InvalidInputError('one SELECT, and nothing else')
  const allowed = new Set(tables.map(({ schema, table }) => `${schema}.${table}`.toLowerCase()))
  const names = new Set<string>()
  walk(tree, (node) => collectNames(node, names))
  walk(tree, (node) => refuse(node, allowed, names))
}

type Tree = Readonly<Record<string, unknown>>

const walk = (node: unknown, visit: (node: Tree) => void): void => {
  if (Array.isArray(node)) for (const item of node) walk(item, visit)
  else if (typeof node === 'object' && node !== null) {
    visit(node as Tree)
    for (const value of Object.values(node)) walk(value, visit)
  }
}

/** Names that WITH gives to queries. */
const collectNames = (node: Tree, names: Set<string>): void => {
  const entries = (node['cte_map'] as { map?: { key?: unknown }[] } | undefined)?.map ?? []
  for (const { key } of entries) if (typeof key === 'string') names.add(key.toLowerCase())
  if (node['type'] === 'RECURSIVE_CTE_NODE' && typeof node['cte_name'] === 'string')
    names.add(node['cte_name'].toLowerCase())
}

const refuse = (node: Tree, allowed: ReadonlySet<string>, names: ReadonlySet<string>): void => {
  const name = nameOf(node)
  if (name !== '' && HARMFUL.test(name)) throw new InvalidInputError(`${name} is not supported`)
  if (node['type'] === 'TABLE_FUNCTION') {
    const called = nameOf((node['function'] ?? {}) as Tree)
    if (!HARMLESS.has(called)) throw new InvalidInputError(`${called} is not supported after FROM`)
  }
  if (node['type'] === 'SHOW_REF') throw new InvalidInputError('one SELECT, and nothing else')
  if (node['type'] !== 'BASE_TABLE') return
  const table = String(node['table_name'])
  const path = node['schema_name'] === '' ? table : `${String(node['schema_name'])}.${table}`
  const known = node['schema_name'] === '' ? names.has(table.toLowerCase()) : allowed.has(path.toLowerCase())
  if (!known || node['catalog_name'] !== '')
    throw new InvalidInputError(`"${path}" is not one of the tables that this query may read`)
}

const nameOf = (node: Tree): string => {
  const name = node['function_name']
  return typeof name === 'string' ? name.toLowerCase() : ''
}

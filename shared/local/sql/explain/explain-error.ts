import { BINDING_RULES } from './binding-rules.ts'
import { googleTypes, readErrorText, type ErrorText } from './error-text.ts'
import { TenantText } from './tenant-text.ts'
import { VALUE_RULES } from './value-rules.ts'

/**
 * What DuckDB says of a translated query, as one sentence about the tenant's own text: `SQL line:column: ` where the place can be found,
 * then what is wrong, in BigQuery's words. Undefined for what is nothing of the tenant's.
 */
export const explainError = (message: string, query: { google: string; duckdb: string }): string | undefined => {
  const error = readErrorText(message, query.duckdb)
  if (!KINDS.has(error.kind)) return undefined
  const tenant = new TenantText(query.google, query.duckdb, error)
  for (const { pattern, explain } of [...BINDING_RULES, ...VALUE_RULES]) {
    const match = pattern.exec(error.body)
    if (!match) continue
    const { text, token } = explain(match, tenant, error)
    return `${tenant.prefix(token)}${text}`
  }
  return other(error, tenant)
}

/** Errors that macros raise begin with the function's name; the rest of those while running is the text of ERROR. */
const other = ({ kind, body }: ErrorText, tenant: TenantText): string => {
  if (kind !== 'Invalid Input')
    return `${tenant.prefix(tenant.firstName())}${googleTypes(body.split('\n')[0] ?? '').replace(/!$/, '')}`
  const [name] = /^[A-Z][A-Z0-9_]+(?= )/.exec(body) ?? []
  const token = name === undefined ? undefined : tenant.only(new RegExp(`^${name}$`, 'i'))
  return `${tenant.prefix(token ?? tenant.only(/^ERROR$/i))}${body.replaceAll(/\s+/g, ' ')}`
}

const KINDS = new Set([
  'Binder',
  'Catalog',
  'Parser',
  'Syntax',
  'Not implemented',
  'Conversion',
  'Out of Range',
  'Invalid Input',
  'Mismatch Type',
])

import { PlatformError } from '../errors.ts'
import { parseGlob } from '../glob.ts'
import type { OperatorTenant } from './tenant.ts'

/** What the operator's file lets a tenant reach: asked when a config is checked, and again when it runs. */

/** Why objects of that name or glob may not be read; undefined: they may. Templates in it stand for anything. */
export const bucketProblem = (
  operator: Pick<OperatorTenant, 'buckets'>,
  bucket: string,
  pattern: string,
): string | undefined => {
  const grants = operator.buckets.filter((one) => one.bucket === bucket)
  if (grants.length === 0) {
    const known = operator.buckets.map((one) => one.bucket)
    return `bucket ${bucket} is not one that the operator allows${known.length > 0 ? ` (${[...new Set(known)].join(', ')})` : ''}`
  }
  const prefixes = grants.flatMap((one) => one.prefixes)
  const beginning = prefixOf(pattern)
  if ('problem' in beginning) return beginning.problem
  if (prefixes.some((allowed) => beginning.prefix.startsWith(allowed))) return undefined
  return `the operator allows ${prefixes.join(', ')} of bucket ${bucket}, and ${pattern} may match others`
}

const prefixOf = (pattern: string): { readonly prefix: string } | { readonly problem: string } => {
  try {
    return parseGlob(pattern.replaceAll(/\{\{[^{}]*\}\}/g, '**'))
  } catch (error) {
    if (!(error instanceof PlatformError)) throw error
    return { problem: error.message }
  }
}

/** The operator allows a private address under this name. */
export const isListedHost = (operator: Pick<OperatorTenant, 'hosts'>, url: URL): boolean =>
  operator.hosts.includes(url.hostname) ||
  operator.hosts.includes(`${url.hostname}:${url.port || (url.protocol === 'https:' ? '443' : '80')}`)

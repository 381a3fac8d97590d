import type { Token } from '@convergence/core/sql/tokens.ts'
import type { ErrorText } from './error-text.ts'
import { writtenWord } from './function-words.ts'
import type { TenantText } from './tenant-text.ts'

export interface Explained {
  readonly text: string
  readonly token?: Token | undefined
}

/** A message of DuckDB by its pattern, and what is told instead. */
export interface Rule {
  readonly pattern: RegExp
  readonly explain: (match: readonly string[], tenant: TenantText, error: ErrorText) => Explained
}

export const MISSING = 'is not available in the embedded warehouse'

/** What the tenant wrote for a function that DuckDB names, and where. */
export const word = (called: string, tenant: TenantText): { name: string; token: Token | undefined } => {
  const written = writtenWord(called)
  const [name] = tenant.namesAtError()
  return {
    name: tenant.written(written) ?? 'this expression',
    token: tenant.only(written) ?? (name === undefined ? undefined : tenant.name(name)),
  }
}

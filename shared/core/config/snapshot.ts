import { hash } from '../hash.ts'
import type { TableSchema } from '../table.ts'
import type { Pipeline } from './pipeline.ts'
import type { Rules } from './rules.ts'
import type { Source } from './source.ts'
import type { OperatorTenant, TenantFile } from './tenant.ts'

/** All that a tenant's run may need of its files, checked; plain JSON. Runs pin its hash. */
export interface ConfigSnapshot {
  /** 32 hexadecimal digits. */
  readonly hash: string
  readonly tenant: string
  readonly operator: OperatorTenant
  readonly settings: TenantFile
  readonly pipelines: Readonly<Record<string, Pipeline>>
  readonly sources: Readonly<Record<string, Source>>
  readonly schemas: Readonly<Record<string, TableSchema>>
  readonly rules: Readonly<Record<string, Rules>>
  /** By `dataset/name`. */
  readonly sql: Readonly<Record<string, string>>
  /** The files that these came from, for messages. */
  readonly sqlFiles?: Readonly<Record<string, string>> | undefined
}

/** JSON with sorted keys and without undefined: one text for one content. */
export const canonicalJson = (value: unknown): string =>
  JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  )

/** The snapshot under the hash of its content. */
export const sealSnapshot = (content: Omit<ConfigSnapshot, 'hash'>): ConfigSnapshot => ({
  hash: hash(canonicalJson(content), 32),
  ...content,
})

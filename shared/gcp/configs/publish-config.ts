import { loadTenantConfig } from '@convergence/core/config/load-config.ts'
import { configError } from '@convergence/core/config/problem.ts'
import { canonicalJson, type ConfigSnapshot } from '@convergence/core/config/snapshot.ts'
import type { CloudStorageObjectStore } from '../object-store.ts'
import { currentRef, snapshotRef } from './names.ts'

export interface PublishConfig {
  readonly objects: CloudStorageObjectStore
  readonly bucket: string
  readonly tenant: string
  /** Path (`configs/…`, `sql/…`) to text: all that the tenant has and refers to. */
  readonly files: ReadonlyMap<string, string>
}

const JSON_TYPE = { contentType: 'application/json' }

/**
 * Makes the files the tenant's current config; runs that are under way keep theirs. Idempotent; of two at once the later one counts.
 * Throws InvalidConfigError with all problems.
 */
export const publishConfig = async (options: PublishConfig): Promise<ConfigSnapshot> => {
  const { objects, tenant, files } = options
  const loaded = loadTenantConfig(tenant, files)
  if ('problems' in loaded) throw configError(tenant, loaded.problems)
  const { snapshot } = loaded
  // A conflict is the same content, published before.
  const content = new TextEncoder().encode(canonicalJson(snapshot))
  await objects.put(snapshotRef(options, tenant, snapshot.hash), content, { ifGeneration: null, ...JSON_TYPE })
  const current = currentRef(options, tenant)
  const pointer = new TextEncoder().encode(JSON.stringify({ hash: snapshot.hash }))
  for (;;) {
    const ifGeneration = (await objects.head(current))?.generation ?? null
    if ((await objects.put(current, pointer, { ifGeneration, ...JSON_TYPE })).outcome === 'written') return snapshot
  }
}

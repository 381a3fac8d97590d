import type { ConfigSnapshot } from '@convergence/core/config/snapshot.ts'
import { NotFoundError } from '@convergence/core/errors.ts'
import { isTenantId } from '@convergence/core/ids.ts'
import type { ConfigStore } from '@convergence/core/ports/config-store.ts'
import { currentRef, snapshotRef } from './configs/names.ts'
import type { CloudStorageObjectStore } from './object-store.ts'

export interface CloudStorageConfigStoreOptions {
  readonly objects: CloudStorageObjectStore
  /** The platform's own. */
  readonly bucket: string
}

/** Snapshots that are kept in memory, the newest. */
const KEPT = 100

/** Configs as `publishConfig` left them in the bucket. */
export class CloudStorageConfigStore implements ConfigStore {
  readonly #options: CloudStorageConfigStoreOptions
  readonly #loaded = new Map<string, ConfigSnapshot>()

  constructor(options: CloudStorageConfigStoreOptions) {
    this.#options = options
  }

  async current(tenant: string): Promise<ConfigSnapshot> {
    if (!isTenantId(tenant)) throw new NotFoundError(`${JSON.stringify(tenant)} is no tenant id`)
    const pointer = await this.#options.objects.readWhole(currentRef(this.#options, tenant))
    if (!pointer) throw new NotFoundError(`there is no config of a tenant ${tenant}: publish its files`)
    return this.load(tenant, (JSON.parse(pointer.content.toString()) as { hash: string }).hash)
  }

  async load(tenant: string, hash: string): Promise<ConfigSnapshot> {
    if (!isTenantId(tenant) || !/^[0-9a-f]{32}$/.test(hash))
      throw new NotFoundError(`there is no config ${tenant}/${hash}`)
    const ref = snapshotRef(this.#options, tenant, hash)
    const known = this.#loaded.get(ref.name)
    if (known) return known
    const read = await this.#options.objects.readWhole(ref)
    if (!read) throw new NotFoundError(`there is no config ${ref.name}`)
    const snapshot = JSON.parse(read.content.toString()) as ConfigSnapshot
    this.#keep(ref.name, snapshot)
    return snapshot
  }

  #keep(name: string, snapshot: ConfigSnapshot): void {
    this.#loaded.set(name, snapshot)
    for (const oldest of this.#loaded.keys()) {
      if (this.#loaded.size <= KEPT) break
      this.#loaded.delete(oldest)
    }
  }
}

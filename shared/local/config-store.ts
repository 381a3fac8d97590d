import { loadTenantConfig, operatorFile } from '@convergence/core/config/load-config.ts'
import { configError } from '@convergence/core/config/problem.ts'
import { canonicalJson, type ConfigSnapshot } from '@convergence/core/config/snapshot.ts'
import { NotFoundError } from '@convergence/core/errors.ts'
import { isTenantId } from '@convergence/core/ids.ts'
import type { ConfigStore } from '@convergence/core/ports/config-store.ts'
import type { ObjectStore } from '@convergence/core/ports/object-store.ts'
import { listConfigFiles, readConfigFiles, signatureOf } from './config-files.ts'
import { fromFileError } from './errors.ts'

export interface FileConfigStoreOptions {
  /** Has `configs/` and `sql/`. */
  readonly root: string
  readonly objects: ObjectStore
  /** The platform's own. */
  readonly bucket: string
}

/** Snapshots that are kept in memory, the newest. */
const KEPT = 100

/** Configs as files; each snapshot that was current once is an object under its hash. */
export class FileConfigStore implements ConfigStore {
  readonly #options: FileConfigStoreOptions
  readonly #current = new Map<string, { readonly signature: string; readonly snapshot: ConfigSnapshot }>()
  readonly #loaded = new Map<string, ConfigSnapshot>()

  constructor(options: FileConfigStoreOptions) {
    this.#options = options
  }

  async current(tenant: string): Promise<ConfigSnapshot> {
    if (!isTenantId(tenant)) throw new NotFoundError(`${JSON.stringify(tenant)} is no tenant id`)
    const { root } = this.#options
    try {
      const paths = await listConfigFiles(root, tenant)
      assertTenant(tenant, paths)
      const signature = await signatureOf(root, paths)
      const known = this.#current.get(tenant)
      if (known?.signature === signature) return known.snapshot
      const snapshot = await this.#publish(tenant, await readConfigFiles(root, paths))
      this.#current.set(tenant, { signature, snapshot })
      return snapshot
    } catch (error) {
      throw fromFileError(error, `the config of ${tenant}`)
    }
  }

  async load(tenant: string, hash: string): Promise<ConfigSnapshot> {
    const name = nameOf(tenant, hash)
    const known = this.#loaded.get(name)
    if (known) return known
    if (!isTenantId(tenant) || !/^[0-9a-f]{32}$/.test(hash)) throw new NotFoundError(`there is no config ${name}`)
    const pieces = await Array.fromAsync(this.#options.objects.read({ bucket: this.#options.bucket, name }))
    const snapshot = JSON.parse(Buffer.concat(pieces).toString()) as ConfigSnapshot
    this.#keep(name, snapshot)
    return snapshot
  }

  async #publish(tenant: string, files: ReadonlyMap<string, string>): Promise<ConfigSnapshot> {
    const loaded = loadTenantConfig(tenant, files)
    if ('problems' in loaded) throw configError(tenant, loaded.problems)
    const { snapshot } = loaded
    const name = nameOf(tenant, snapshot.hash)
    const body = new TextEncoder().encode(canonicalJson(snapshot))
    // A conflict is the same content, published before.
    await this.#options.objects.put({ bucket: this.#options.bucket, name }, body, {
      ifGeneration: null,
      contentType: 'application/json',
    })
    this.#keep(name, snapshot)
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

const nameOf = (tenant: string, hash: string) => `${tenant}/configs/${hash}.json`

const assertTenant = (tenant: string, paths: readonly string[]): void => {
  if (paths.some((path) => path === operatorFile(tenant) || path.startsWith(`configs/${tenant}/`))) return
  throw new NotFoundError(`there is no tenant ${tenant}: \`convergence tenant create ${tenant}\` makes one`)
}

import { join } from 'node:path'
import { NotFoundError } from '@convergence/core/errors.ts'
import type { SecretStore } from '@convergence/core/ports/secret-store.ts'
import { SecretCache } from '@convergence/core/secret-cache.ts'
import { readSecretFile, requireSecretName, secretFileLabel } from '@convergence/core/secret-file.ts'
import { fromFileError } from './errors.ts'

/** Secrets as files that nobody but their owner, who runs this, can read: `configs/{tenant}/secrets/{name}.txt`. */
export class FileSecretStore implements SecretStore {
  readonly #configs: string
  readonly #cache = new SecretCache()

  /** `root`: the folder that has `configs/`. */
  constructor({ root }: { root: string }) {
    this.#configs = join(root, 'configs')
  }

  async get(tenant: string, name: string): Promise<string> {
    requireSecretName(tenant, name)
    return this.#cache.get(tenant, name, () => this.#read(tenant, name))
  }

  invalidate(tenant: string): void {
    this.#cache.invalidate(tenant)
  }

  async #read(tenant: string, name: string): Promise<string> {
    const label = secretFileLabel(tenant, name)
    try {
      const secret = await readSecretFile(this.#configs, tenant, name)
      if (secret !== undefined) return secret
    } catch (error) {
      throw fromFileError(error, label)
    }
    throw new NotFoundError(`secret ${name} of tenant ${tenant} is missing; write it into ${label} and chmod 600 it`)
  }
}

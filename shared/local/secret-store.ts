import { constants } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { open, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { ForbiddenError, InvalidConfigError, LimitExceededError, NotFoundError } from '@convergence/core/errors.ts'
import { isId, isTenantId } from '@convergence/core/ids.ts'
import type { SecretStore } from '@convergence/core/ports/secret-store.ts'
import { fromFileError } from './errors.ts'

const MAX_BYTES = 64 * 1024

/** Secrets as files that nobody but their owner, who runs this, can read: `configs/{tenant}/secrets/{name}.txt`. */
export class FileSecretStore implements SecretStore {
  readonly #configs: string
  readonly #cached = new Map<string, Map<string, string>>()

  /** `root`: the folder that has `configs/`. */
  constructor({ root }: { root: string }) {
    this.#configs = join(root, 'configs')
  }

  async get(tenant: string, name: string): Promise<string> {
    if (!isTenantId(tenant)) throw new ForbiddenError(`${JSON.stringify(tenant)} is no tenant id`)
    if (!isId(name))
      throw new ForbiddenError(`${JSON.stringify(name)} is no name of a secret: lower-case letters, digits and _`)
    const known = this.#cached.get(tenant)?.get(name)
    if (known !== undefined) return known
    // Taken before the file is read: what is invalidated meanwhile must not come back.
    const cache = this.#cacheOf(tenant)
    const secret = await this.#read(tenant, name)
    cache.set(name, secret)
    return secret
  }

  invalidate(tenant: string): void {
    this.#cached.delete(tenant)
  }

  #cacheOf(tenant: string): Map<string, string> {
    const cache = this.#cached.get(tenant) ?? new Map<string, string>()
    this.#cached.set(tenant, cache)
    return cache
  }

  async #read(tenant: string, name: string): Promise<string> {
    const label = `configs/${tenant}/secrets/${name}.txt`
    const file = await this.#open(tenant, name, label)
    try {
      await assertPrivate(file, label)
      const text = await file.readFile('utf8')
      const secret = text.replace(/\r?\n$/, '')
      if (secret === '') throw new InvalidConfigError(`${label} is empty; write the secret into it`)
      return secret
    } finally {
      await file.close()
    }
  }

  async #open(tenant: string, name: string, label: string): Promise<FileHandle> {
    const folder = join(this.#configs, tenant, 'secrets')
    try {
      const real = await realpath(folder)
      if (real !== join(await realpath(this.#configs), tenant, 'secrets'))
        throw new ForbiddenError(`configs/${tenant}/secrets is a link; make it a folder`)
      return await open(join(real, `${name}.txt`), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'ELOOP') throw new ForbiddenError(`${label} is a link; put the file itself there`)
      if (code === 'ENOENT' || code === 'ENOTDIR')
        throw new NotFoundError(
          `secret ${name} of tenant ${tenant} is missing; write it into ${label} and chmod 600 it`,
        )
      throw fromFileError(error, label)
    }
  }
}

/** Of the open file, so that no other can take its place. */
const assertPrivate = async (file: FileHandle, label: string): Promise<void> => {
  const stats = await file.stat()
  if (!stats.isFile()) throw new ForbiddenError(`${label} is not a file`)
  if (process.getuid && stats.uid !== process.getuid())
    throw new ForbiddenError(`${label} belongs to another user; chown it to the one that runs Convergence`)
  const mode = stats.mode & 0o777
  if (mode !== 0o600)
    throw new ForbiddenError(
      `${label} has mode ${mode.toString(8).padStart(4, '0')}: others might read it; chmod 600 it`,
    )
  if (stats.size > MAX_BYTES) throw new LimitExceededError(`${label} is larger than 64 KiB; is it the right file?`)
}

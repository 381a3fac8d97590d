import { constants } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { open, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { ForbiddenError, InvalidConfigError, LimitExceededError } from './errors.ts'
import { isId, isTenantId } from './ids.ts'

/** Secret Manager's limit, for files too: what works here works there (https://cloud.google.com/secret-manager/quotas). */
const MAX_BYTES = 64 * 1024

export const secretFileLabel = (tenant: string, name: string): string => `configs/${tenant}/secrets/${name}.txt`

/** Throws ForbiddenError for what could lead elsewhere. */
export const requireSecretName = (tenant: string, name: string): void => {
  if (!isTenantId(tenant)) throw new ForbiddenError(`${JSON.stringify(tenant)} is no tenant id`)
  if (!isId(name))
    throw new ForbiddenError(`${JSON.stringify(name)} is no name of a secret: lower-case letters, digits and _`)
}

/** A secret's text without the trailing newline. Throws InvalidConfigError when nothing is left; `label` says where it stands. */
export const secretText = (text: string, label: string): string => {
  const secret = text.replace(/\r?\n$/, '')
  if (secret === '') throw new InvalidConfigError(`${label} is empty; write the secret into it`)
  return secret
}

/**
 * The secret in `{configs}/{tenant}/secrets/{name}.txt`; undefined when there is no such file. Throws ForbiddenError when others than
 * its owner, who runs this, could read it; and what the file system throws.
 */
export const readSecretFile = async (configs: string, tenant: string, name: string): Promise<string | undefined> => {
  const label = secretFileLabel(tenant, name)
  const file = await openSecret(configs, tenant, name)
  if (!file) return undefined
  try {
    await assertPrivate(file, label)
    return secretText(await file.readFile('utf8'), label)
  } finally {
    await file.close()
  }
}

const openSecret = async (configs: string, tenant: string, name: string): Promise<FileHandle | undefined> => {
  const folder = join(configs, tenant, 'secrets')
  try {
    const real = await realpath(folder)
    if (real !== join(await realpath(configs), tenant, 'secrets'))
      throw new ForbiddenError(`configs/${tenant}/secrets is a link; make it a folder`)
    return await open(join(real, `${name}.txt`), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ELOOP')
      throw new ForbiddenError(`${secretFileLabel(tenant, name)} is a link; put the file itself there`)
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw error
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

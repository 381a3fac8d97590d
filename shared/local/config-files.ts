import type { Dirent } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { operatorFile } from '@convergence/core/config/load-config.ts'
import { InvalidConfigError } from '@convergence/core/errors.ts'
import { fromFileError } from './errors.ts'

/** Files of configs are small; a large one is there by mistake. */
const MAX_FILE_BYTES = 4 * 1024 * 1024
const ENDING = /\.(ya?ml|json|sql)$/

const entriesOf = async (path: string): Promise<Dirent[]> => {
  try {
    return await readdir(path, { withFileTypes: true })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw fromFileError(error, path)
  }
}

const walk = async (root: string, folder: string): Promise<string[]> => {
  const found: string[] = []
  for (const entry of await entriesOf(join(root, folder))) {
    const path = `${folder}/${entry.name}`
    if (entry.name.startsWith('.') || entry.name === 'secrets') continue
    if (entry.isDirectory()) found.push(...(await walk(root, path)))
    else if (!ENDING.test(entry.name)) continue
    else if (entry.isFile()) found.push(path)
    // A tenant's file must not show what lies elsewhere, not even in the message of a problem.
    else throw new InvalidConfigError(`${path} is not a plain file; put the file itself there instead of a link`)
  }
  return found
}

/** Paths of the files that a tenant's config may consist of, relative to `root`, sorted; secrets are not among them. */
export const listConfigFiles = async (root: string, tenant: string): Promise<string[]> => {
  const own = await Promise.all([`configs/${tenant}`, 'configs/_shared', 'sql'].map((folder) => walk(root, folder)))
  const operator = (await entriesOf(join(root, 'configs/_platform/tenants')))
    .filter((entry) => entry.isFile() && entry.name === `${tenant}.yml`)
    .map(() => operatorFile(tenant))
  return [...own.flat(), ...operator].sort()
}

/** One text for one state of the files, as far as the file system tells. */
export const signatureOf = async (root: string, paths: readonly string[]): Promise<string> => {
  const parts = await Promise.all(
    paths.map(async (path) => {
      const { ino, size, mtimeNs, ctimeNs } = await stat(join(root, path), { bigint: true })
      if (size > MAX_FILE_BYTES) throw new InvalidConfigError(`${path} is larger than 4 MB: a config file is not`)
      return [path, ino, size, mtimeNs, ctimeNs].join(':')
    }),
  )
  return parts.join('\n')
}

/** Path to text. */
export const readConfigFiles = async (root: string, paths: readonly string[]): Promise<ReadonlyMap<string, string>> =>
  new Map(await Promise.all(paths.map(async (path) => [path, await readFile(join(root, path), 'utf8')] as const)))

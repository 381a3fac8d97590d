import { cpSync, existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Copies a folder of this package into `target`, over what is there. */
export const copyAssets = (folder: URL, target: string): void =>
  cpSync(fileURLToPath(folder), target, { recursive: true })

/** Files of the folder that `target` has already. */
export const clashes = (folder: URL, target: string): string[] => {
  const root = fileURLToPath(folder)
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length))
    .filter((path) => existsSync(join(target, path)))
}

import type { Dirent } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { isObjectName } from './folder-name.ts'

const entriesOf = async (path: string): Promise<Dirent[]> => {
  try {
    return await readdir(path, { withFileTypes: true })
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code!)) return []
    throw error
  }
}

const walk = async (root: string, folder: string, names: string[]): Promise<void> => {
  for (const entry of await entriesOf(join(root, folder))) {
    const name = folder + entry.name
    if (!isObjectName(name)) continue
    // Links to folders are not followed: they could lead in a circle.
    if (entry.isDirectory()) await walk(root, `${name}/`, names)
    else if (entry.isFile() || entry.isSymbolicLink()) names.push(name)
  }
}

/** Names of the files below a folder that start with `prefix`, sorted. Links are among them, unchecked. */
export const listNames = async (root: string, prefix: string): Promise<string[]> => {
  const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1)
  if (folder !== '' && !isObjectName(folder.slice(0, -1))) return []
  const names: string[] = []
  await walk(root, folder, names)
  return names.filter((name) => name.startsWith(prefix)).sort()
}

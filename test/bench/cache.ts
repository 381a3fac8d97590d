import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Inputs are written once, and kept for the next bench. */
const FOLDER = join(tmpdir(), 'convergence-bench')

/**
 * A folder of the cache that `make` fills, once: what a broken-off bench left is made again. `make` gives what is to be known of it.
 */
export const cached = async <T>(
  name: string,
  make: (folder: string) => Promise<T>,
): Promise<{ folder: string; about: T }> => {
  const folder = join(FOLDER, name)
  if (!existsSync(join(folder, 'about.json'))) {
    const temporary = `${folder}.${process.pid}`
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(temporary, { recursive: true })
    writeFileSync(join(temporary, 'about.json'), JSON.stringify(await make(temporary)))
    renameSync(temporary, folder)
  }
  return { folder, about: JSON.parse(readFileSync(join(folder, 'about.json'), 'utf8')) as T }
}

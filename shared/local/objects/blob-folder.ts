import { mkdir, open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { FileHandle } from 'node:fs/promises'
import type { ObjectBody } from '@convergence/core/ports/object-store.ts'
import type { Random } from '@convergence/core/ports/random.ts'
import type { WrittenFile } from './files.ts'
import { syncFolder, writeDurably } from './files.ts'

/** `3f/3f09…`: folders by the first two digits keep each of them short. */
const BLOB_PATTERN = /^[0-9a-f]{2}\/[0-9a-f]{32}$/

/**
 * Immutable files under names that are never used twice. A file counts once a row of the state file names it; one that has none is
 * what a crash left over.
 */
export class BlobFolder {
  readonly #path: string
  readonly #random: Random
  /** Files whose row may be on its way. */
  readonly #unsettled = new Set<string>()
  readonly #made = new Map<string, Promise<void>>()

  constructor(path: string, random: Random) {
    this.#path = path
    this.#random = random
  }

  pathOf(blob: string): string {
    return join(this.#path, blob)
  }

  /**
   * Writes a blob durably and has `commit` name it in a row; when that does not (it answers false, or throws), the file is removed.
   * A throw of `commit` may have been a commit all the same: then the file stays, for the sweep at the next start to judge.
   */
  async write<T>(
    body: ObjectBody,
    commit: (blob: string, file: WrittenFile) => Promise<T>,
    isKept: (result: T) => boolean,
  ): Promise<T> {
    const id = this.#random.hex(16)
    const blob = `${id.slice(0, 2)}/${id}`
    const folder = join(this.#path, id.slice(0, 2))
    this.#unsettled.add(blob)
    try {
      await this.#makeFolder(folder)
      const file = await this.#writeFile(blob, folder, body)
      const result = await commit(blob, file)
      if (!isKept(result)) await this.remove(blob)
      return result
    } finally {
      this.#unsettled.delete(blob)
    }
  }

  async #writeFile(blob: string, folder: string, body: ObjectBody): Promise<WrittenFile> {
    try {
      const file = await writeDurably(this.pathOf(blob), body)
      await syncFolder(folder)
      return file
    } catch (error) {
      await this.remove(blob)
      throw error
    }
  }

  open(blob: string): Promise<FileHandle> {
    return open(this.pathOf(blob), 'r')
  }

  async remove(blob: string): Promise<void> {
    await rm(this.pathOf(blob), { force: true })
  }

  /** Removes what `findOrphans` says that nothing names; returns how many. Writes may go on beside it. */
  async sweep(findOrphans: (blobs: string[]) => Promise<string[]>): Promise<number> {
    let count = 0
    for (const folder of await readdirOrNone(this.#path)) {
      const blobs = (await readdirOrNone(join(this.#path, folder)))
        .map((file) => `${folder}/${file}`)
        .filter((blob) => BLOB_PATTERN.test(blob) && !this.#unsettled.has(blob))
      const orphans = blobs.length === 0 ? [] : await findOrphans(blobs)
      for (const orphan of orphans) await this.remove(orphan)
      count += orphans.length
    }
    return count
  }

  #makeFolder(folder: string): Promise<void> {
    const known = this.#made.get(folder)
    if (known) return known
    const made = mkdir(folder, { recursive: true }).then(() => syncFolder(this.#path))
    this.#made.set(folder, made)
    made.catch(() => this.#made.delete(folder))
    return made
  }
}

const readdirOrNone = async (path: string): Promise<string[]> => {
  try {
    return await readdir(path)
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code!)) return []
    throw error
  }
}

import { mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Folders of one test file, removed together. */
export class TemporaryFolders {
  readonly #paths: string[] = []

  async make(): Promise<string> {
    const path = await realpath(await mkdtemp(join(tmpdir(), 'convergence-')))
    this.#paths.push(path)
    return path
  }

  async remove(): Promise<void> {
    await Promise.all(this.#paths.map((path) => rm(path, { recursive: true, force: true })))
  }
}

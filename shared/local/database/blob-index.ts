import type { StatementSync } from 'node:sqlite'
import { DatabaseSync } from 'node:sqlite'

/** Reads of the state file beside its worker: they neither wait for its writes nor hold them up. */
export class BlobIndex {
  readonly #database: DatabaseSync
  readonly #find: StatementSync

  constructor(path: string) {
    this.#database = new DatabaseSync(path, { readOnly: true })
    this.#find = this.#database.prepare('SELECT blob FROM objects WHERE bucket = ? AND name = ?')
  }

  find(bucket: string, name: string): string | undefined {
    return (this.#find.get(bucket, name)?.['blob'] as string | null | undefined) ?? undefined
  }

  close(): void {
    this.#database.close()
  }
}

import type { FileHandle } from 'node:fs/promises'
import { crc32c, crc32cText } from '@convergence/core/crc32c.ts'
import { NotFoundError } from '@convergence/core/errors.ts'
import type { Clock } from '@convergence/core/ports/clock.ts'
import type { ObjectBody, ObjectMeta, PutResult } from '@convergence/core/ports/object-store.ts'
import type { LocalDatabase } from '../database/database.ts'
import type { ObjectContent, ObjectRow, PutObject } from '../database/operations/objects.ts'
import type { BlobFolder } from './blob-folder.ts'
import type { Bucket, ReadOptions } from './bucket.ts'
import { clampRange, readPieces } from './files.ts'

/**
 * Markers and plans mostly are smaller; in the row they cost one fsync that they share, instead of three of their own. Parts stay
 * files, however small: DuckDB reads those.
 */
const INLINE_BYTES = 8 * 1024

const fitsRow = (name: string, body: ObjectBody): body is Uint8Array =>
  body instanceof Uint8Array && body.length <= INLINE_BYTES && name.endsWith('.json')

export interface BlobBucketOptions {
  readonly bucket: string
  readonly database: LocalDatabase
  readonly blobs: BlobFolder
  readonly clock: Clock
}

/** Objects of the platform itself: content in immutable files or in the row, everything else in the row. */
export class BlobBucket implements Bucket {
  readonly #bucket: string
  readonly #database: LocalDatabase
  readonly #blobs: BlobFolder
  readonly #clock: Clock

  constructor({ bucket, database, blobs, clock }: BlobBucketOptions) {
    this.#bucket = bucket
    this.#database = database
    this.#blobs = blobs
    this.#clock = clock
  }

  put(
    name: string,
    body: ObjectBody,
    { ifGeneration, contentType = null }: { ifGeneration: string | null; contentType?: string | null },
  ): Promise<PutResult> {
    const target = { bucket: this.#bucket, name, ifGeneration, contentType, nowMs: this.#clock.nowMs() }
    if (fitsRow(name, body))
      return this.#commit({
        ...target,
        size: body.length,
        crc32c: crc32cText(crc32c(body)),
        blob: null,
        // A copy: of a view the thread would be sent all that lies under it.
        body: Uint8Array.from(body),
      })
    return this.#blobs.write(
      body,
      (blob, file) => this.#commit({ ...target, ...file, blob, body: null }),
      ({ outcome }) => outcome === 'written',
    )
  }

  async #commit(object: PutObject): Promise<PutResult> {
    const result = await this.#database.call('putObject', object)
    if (result === undefined) return { outcome: 'conflict' }
    if (result.replaced !== null) await this.#blobs.remove(result.replaced)
    const { bucket, name, size, crc32c: crc, nowMs } = object
    const generation = String(result.generation)
    return { outcome: 'written', meta: { bucket, name, generation, size, crc32c: crc, updatedMs: nowMs } }
  }

  async head(name: string): Promise<ObjectMeta | undefined> {
    const row = await this.#database.call('getObject', { bucket: this.#bucket, name })
    return row && this.#toMeta(row)
  }

  async *read(name: string, options: ReadOptions): AsyncGenerator<Uint8Array> {
    const { row, file } = await this.#open(name, options.generation)
    const { start, end } = clampRange(row.size, options)
    if (file === undefined) {
      if (end > start) yield row.body!.subarray(start, end)
      return
    }
    try {
      yield* readPieces(file, start, end)
    } finally {
      await file.close()
    }
  }

  async list(prefix: string, { after, limit }: { after: string; limit: number }) {
    const rows = await this.#database.call('listObjects', { bucket: this.#bucket, prefix, after, limit })
    return { objects: rows.map((row) => this.#toMeta(row)) }
  }

  async delete(name: string, generation: string): Promise<boolean> {
    const { gone, blob } = await this.#database.call('deleteObject', { bucket: this.#bucket, name, generation })
    if (blob !== null) await this.#blobs.remove(blob)
    return gone
  }

  async #content(name: string, generation?: string): Promise<ObjectContent> {
    const row = await this.#database.call('getObjectContent', { bucket: this.#bucket, name })
    if (row === undefined) throw new NotFoundError(`object ${this.#bucket}/${name} is not there`)
    if (generation !== undefined && generation !== String(row.generation))
      throw new NotFoundError(`object ${this.#bucket}/${name} has been replaced since (generation ${generation})`)
    return row
  }

  /** A file that is gone means a row that has changed since it was read: look again. */
  async #open(name: string, generation?: string): Promise<{ row: ObjectContent; file: FileHandle | undefined }> {
    let before: string | null = null
    for (;;) {
      const row = await this.#content(name, generation)
      if (row.blob === null) return { row, file: undefined }
      try {
        return { row, file: await this.#blobs.open(row.blob) }
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || before === row.blob) throw error
        before = row.blob
      }
    }
  }

  #toMeta({ name, generation, size, crc32c: crc, updatedMs }: ObjectRow): ObjectMeta {
    return { bucket: this.#bucket, name, generation: String(generation), size, crc32c: crc, updatedMs }
  }
}

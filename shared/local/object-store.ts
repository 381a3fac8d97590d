import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { bucketName } from '@convergence/core/config/bucket-name.ts'
import { InvalidInputError, NotFoundError } from '@convergence/core/errors.ts'
import type { Clock } from '@convergence/core/ports/clock.ts'
import type {
  ObjectBody,
  ObjectMeta,
  ObjectPage,
  ObjectRef,
  ObjectStore,
  PutResult,
} from '@convergence/core/ports/object-store.ts'
import type { Random } from '@convergence/core/ports/random.ts'
import type { LocalDatabase } from './database/database.ts'
import { fromFileError } from './errors.ts'
import { BlobBucket } from './objects/blob-bucket.ts'
import { BlobFolder } from './objects/blob-folder.ts'
import type { Bucket, ReadOptions } from './objects/bucket.ts'
import { FolderBucket } from './objects/folder-bucket.ts'
import { nextPageToken, pageLimit, pageStart } from './page.ts'

export interface FileObjectStoreOptions {
  readonly database: LocalDatabase
  readonly clock: Clock
  readonly random: Random
  /** Holds `objects/` and, a folder each, `buckets/`. */
  readonly folder: string
  /** Kept as blobs; any other bucket is a folder below `buckets/`. */
  readonly platformBuckets: readonly string[]
}

/** Objects as files: the platform's own as immutable blobs, tenants' uploads as plain files in a folder. */
export class FileObjectStore implements ObjectStore {
  readonly #options: FileObjectStoreOptions
  readonly #blobs: BlobFolder
  readonly #buckets = new Map<string, Bucket>()

  /** Below which `localPath` leads. */
  readonly blobFolder: string

  constructor(options: FileObjectStoreOptions) {
    this.#options = options
    this.blobFolder = join(options.folder, 'objects', 'blobs')
    this.#blobs = new BlobFolder(this.blobFolder, options.random)
  }

  /** Removes what a crash left: call once, before the first write. Resolves to how many blobs had no object. */
  async sweep(): Promise<number> {
    await rm(this.#temporaryPath(), { recursive: true, force: true })
    return this.#blobs.sweep((blobs) => this.#options.database.call('unreferencedBlobs', blobs))
  }

  async put(
    ref: ObjectRef,
    body: ObjectBody,
    options: { ifGeneration: string | null; contentType?: string },
  ): Promise<PutResult> {
    return orFileError(ref, this.#bucket(ref).put(ref.name, body, options))
  }

  async head(ref: ObjectRef): Promise<ObjectMeta | undefined> {
    return this.#bucket(ref).head(ref.name)
  }

  read(ref: ObjectRef, options: ReadOptions = {}): AsyncIterable<Uint8Array> {
    return this.#bucket(ref).read(ref.name, options)
  }

  async list(
    bucket: string,
    prefix: string,
    options: { pageToken?: string; limit?: number } = {},
  ): Promise<ObjectPage> {
    const limit = pageLimit(options.limit, 1_000)
    const { objects } = await this.#bucket({ bucket }).list(prefix, { after: pageStart(options.pageToken), limit })
    return {
      objects,
      ...nextPageToken(
        objects.map(({ name }) => name),
        limit,
      ),
    }
  }

  async delete(ref: ObjectRef, generation: string): Promise<boolean> {
    return orFileError(ref, this.#bucket(ref).delete(ref.name, generation))
  }

  /**
   * The file of a part in a platform's bucket, as long as the object is neither replaced nor deleted; not to be written to.
   * Throws NotFoundError; also for what is kept without a file of its own (small `.json` objects).
   */
  localPath({ bucket, name }: ObjectRef): string {
    const blob = this.#options.database.blobNow(bucket, name)
    if (blob === undefined) throw new NotFoundError(`object ${bucket}/${name} has no file`)
    return this.#blobs.pathOf(blob)
  }

  #bucket({ bucket, name }: { bucket: string; name?: string }): Bucket {
    if (name !== undefined && (name === '' || Buffer.byteLength(name) > 1_024 || /[\0\r\n]/.test(name)))
      throw new InvalidInputError(`${JSON.stringify(name)} cannot name an object: 1 to 1,024 bytes, one line`)
    const known = this.#buckets.get(bucket)
    if (known) return known
    const made = this.#makeBucket(bucket)
    this.#buckets.set(bucket, made)
    return made
  }

  #makeBucket(bucket: string): Bucket {
    if (!bucketName.safeParse(bucket).success)
      throw new InvalidInputError(`${JSON.stringify(bucket)} is no bucket name`)
    const { clock, database, folder, platformBuckets, random } = this.#options
    if (platformBuckets.includes(bucket)) return new BlobBucket({ bucket, database, blobs: this.#blobs, clock })
    const path = join(folder, 'buckets', bucket)
    return new FolderBucket({ bucket, path, temporaryPath: this.#temporaryPath(), random })
  }

  #temporaryPath(): string {
    return join(this.#options.folder, 'objects', 'temporary')
  }
}

const orFileError = async <T>(ref: ObjectRef, work: Promise<T>): Promise<T> => {
  try {
    return await work
  } catch (error) {
    throw fromFileError(error, `object ${ref.bucket}/${ref.name}`)
  }
}

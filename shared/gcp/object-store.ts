import type { FileMetadata, Storage } from '@google-cloud/storage'
import { InternalError, InvalidInputError, NotFoundError, type PlatformError } from '@convergence/core/errors.ts'
import type {
  ObjectBody,
  ObjectMeta,
  ObjectPage,
  ObjectRef,
  ObjectStore,
  PutResult,
} from '@convergence/core/ports/object-store.ts'
import { withAttempts, type Attempts } from './attempts.ts'
import { fromStorageError } from './errors/storage.ts'
import { download, type ReadOptions } from './objects/download.ts'
import { checksumOf, upload } from './objects/upload.ts'
import { pageLimit } from './page.ts'

export interface CloudStorageObjectStoreOptions extends Attempts {
  /** With `retryOptions: { autoRetry: false }`: the client switches its own retries off for good when one call asks for it. */
  readonly storage: Storage
}

/** Custom metadata of what is written here: says whose write it was when the answer was lost. */
const WRITE_KEY = 'convergence-write'
const GENERATION = /^[1-9]\d{0,18}$/

/** Objects of Cloud Storage. */
export class CloudStorageObjectStore implements ObjectStore {
  readonly #options: CloudStorageObjectStoreOptions

  constructor(options: CloudStorageObjectStoreOptions) {
    this.#options = options
  }

  /** A conflict after a lost answer is recognised as one's own write, unless another has replaced it meanwhile. */
  async put(
    ref: ObjectRef,
    body: ObjectBody,
    { ifGeneration, contentType = 'application/octet-stream' }: { ifGeneration: string | null; contentType?: string },
  ): Promise<PutResult> {
    if (ifGeneration !== null && !GENERATION.test(ifGeneration)) return { outcome: 'conflict' }
    const write = this.#options.random.hex(16)
    const options = { ifGeneration, contentType, crc32c: await checksumOf(body), metadata: { [WRITE_KEY]: write } }
    return withAttempts(this.#options, async () => {
      try {
        return { outcome: 'written', meta: toMeta(ref, await upload(this.#file(ref), body, options)) }
      } catch (error) {
        if (statusOf(this.#errorOf(error, ref)) !== 412) throw this.#errorOf(error, ref)
        const standing = await this.#metadata(ref)
        return standing?.metadata?.[WRITE_KEY] === write
          ? { outcome: 'written', meta: toMeta(ref, standing) }
          : { outcome: 'conflict' }
      }
    })
  }

  async head(ref: ObjectRef): Promise<ObjectMeta | undefined> {
    const metadata = await withAttempts(this.#options, () => this.#metadata(ref))
    return metadata && toMeta(ref, metadata)
  }

  /** A connection that breaks is taken up again where it broke, in the same generation. */
  async *read(ref: ObjectRef, options: ReadOptions = {}): AsyncGenerator<Uint8Array> {
    const { start = 0, end, generation } = options
    if (generation !== undefined && !GENERATION.test(generation))
      throw new NotFoundError(`object ${ref.bucket}/${ref.name} has no generation ${generation}`)
    if (end !== undefined && end <= start) {
      const meta = await this.head(ref)
      if (meta && (generation === undefined || generation === meta.generation)) return
      throw new NotFoundError(`object ${ref.bucket}/${ref.name} is not there`)
    }
    yield* download({ file: this.#file(ref, generation), options, attempts: this.#options, nameOf: nameOf(ref) })
  }

  /** The object's content and which generation it is, in one request; undefined when it is not there. */
  async readWhole(ref: ObjectRef): Promise<{ readonly generation: string; readonly content: Buffer } | undefined> {
    let generation: string | undefined
    const pieces: Uint8Array[] = []
    try {
      const seen = (which: string) => void (generation = which)
      const nameOfRef = nameOf(ref)
      for await (const piece of download({
        file: this.#file(ref),
        options: {},
        attempts: this.#options,
        nameOf: nameOfRef,
        seen,
      }))
        pieces.push(piece)
    } catch (error) {
      if (error instanceof NotFoundError) return undefined
      throw error
    }
    if (generation === undefined) throw new InternalError(`${nameOf(ref)} was read without its generation`)
    return { generation, content: Buffer.concat(pieces) }
  }

  async list(
    bucket: string,
    prefix: string,
    options: { pageToken?: string; limit?: number } = {},
  ): Promise<ObjectPage> {
    const query = {
      prefix,
      maxResults: pageLimit(options.limit, 1_000),
      autoPaginate: false,
      ...(options.pageToken !== undefined && { pageToken: options.pageToken }),
    }
    const [files, next] = await withAttempts(this.#options, async () => {
      try {
        const [found, nextQuery] = await this.#options.storage.bucket(bucket).getFiles(query)
        return [found, nextQuery as { pageToken?: string } | null] as const
      } catch (error) {
        throw fromStorageError(error, `bucket ${bucket}`)
      }
    })
    const objects = files.map(({ name, metadata }) => toMeta({ bucket, name }, metadata))
    return { objects, ...(next?.pageToken && { nextPageToken: next.pageToken }) }
  }

  async delete(ref: ObjectRef, generation: string): Promise<boolean> {
    if (!GENERATION.test(generation)) return (await this.head(ref)) === undefined
    return withAttempts(this.#options, async () => {
      try {
        await this.#file(ref).delete({ ifGenerationMatch: generation })
        return true
      } catch (error) {
        const known = this.#errorOf(error, ref)
        if (statusOf(known) === 404) return true
        if (statusOf(known) === 412) return (await this.#metadata(ref)) === undefined
        throw known
      }
    })
  }

  async #metadata(ref: ObjectRef): Promise<FileMetadata | undefined> {
    try {
      const [metadata] = await this.#file(ref).getMetadata()
      return metadata
    } catch (error) {
      const known = this.#errorOf(error, ref)
      if (statusOf(known) === 404) return undefined
      throw known
    }
  }

  #file({ bucket, name }: ObjectRef, generation?: string) {
    if (name === '' || Buffer.byteLength(name) > 1_024 || /[\0\r\n]/.test(name))
      throw new InvalidInputError(`${JSON.stringify(name)} cannot name an object: 1 to 1,024 bytes, one line`)
    return this.#options.storage.bucket(bucket).file(name, generation === undefined ? {} : { generation })
  }

  #errorOf(error: unknown, ref: ObjectRef): PlatformError {
    return fromStorageError(error, nameOf(ref))
  }
}

const nameOf = ({ bucket, name }: ObjectRef): string => `object ${bucket}/${name}`

const statusOf = (error: PlatformError): unknown => error.details['status']

const toMeta = (ref: ObjectRef, { generation, size, crc32c, updated }: FileMetadata): ObjectMeta => ({
  bucket: ref.bucket,
  name: ref.name,
  generation: String(generation),
  size: Number(size),
  ...(crc32c !== undefined && { crc32c }),
  updatedMs: Date.parse(String(updated)),
})

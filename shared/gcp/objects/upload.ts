import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { File, FileMetadata } from '@google-cloud/storage'
import { crc32c, crc32cText } from '@convergence/core/crc32c.ts'
import type { ObjectBody } from '@convergence/core/ports/object-store.ts'

/** Below it one request is quicker than a session (https://cloud.google.com/storage/docs/uploads-downloads#size). */
const RESUMABLE_FROM_BYTES = 8 * 1024 * 1024
/** Of a session; a multiple of 256 KiB. Memory: the client keeps one for its own retries. */
const CHUNK_BYTES = 16 * 1024 * 1024

export interface Upload {
  readonly ifGeneration: string | null
  readonly crc32c: string
  readonly contentType: string
  /** Custom metadata. */
  readonly metadata: Record<string, string>
}

/** base64, as Cloud Storage compares it. */
export const checksumOf = async (body: ObjectBody): Promise<string> => {
  let sum = 0
  for await (const piece of piecesOf(body)) sum = crc32c(piece, sum)
  return crc32cText(sum)
}

/**
 * Writes the object and gives its metadata. The service checks the checksum before the object exists: the client's own validation would
 * delete the object afterwards, without a generation, and so perhaps another writer's. Throws the client's error.
 */
export const upload = async (file: File, body: ObjectBody, options: Upload): Promise<FileMetadata> => {
  const resumable = (await sizeOf(body)) >= RESUMABLE_FROM_BYTES
  const target = file.createWriteStream({
    resumable,
    ...(resumable && { chunkSize: CHUNK_BYTES }),
    validation: false,
    preconditionOpts: { ifGenerationMatch: options.ifGeneration ?? 0 },
    metadata: { contentType: options.contentType, crc32c: options.crc32c, metadata: options.metadata },
  })
  await pipeline(Readable.from(piecesOf(body)), target)
  return file.metadata
}

const sizeOf = async (body: ObjectBody): Promise<number> =>
  body instanceof Uint8Array ? body.length : (await stat(body.path)).size

const piecesOf = (body: ObjectBody): AsyncIterable<Uint8Array> | Iterable<Uint8Array> =>
  body instanceof Uint8Array
    ? body.length > 0
      ? [body]
      : []
    : (createReadStream(body.path, { highWaterMark: 1024 * 1024 }) as AsyncIterable<Uint8Array>)

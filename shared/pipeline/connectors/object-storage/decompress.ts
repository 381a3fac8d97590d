import { Readable } from 'node:stream'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { DataRejectedError, LimitExceededError } from '@convergence/core/errors.ts'

export type Compression = 'gzip' | 'zstd'

/** What the first bytes of a file say. */
export const compressionOf = (bytes: Uint8Array): Compression | undefined => {
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return 'gzip'
  return bytes[0] === 0x28 && bytes[1] === 0xb5 && bytes[2] === 0x2f && bytes[3] === 0xfd ? 'zstd' : undefined
}

export interface DecompressOptions {
  /** What a person calls the file. */
  readonly origin: string
  /** Of what comes out. */
  readonly maxBytes: number
}

/** Tables compress 3 to 50 times; gzip can reach 1,030, zstd far more: such a file is a bomb, not a table. */
const MAX_RATIO = 300
/** Below this nobody is hurt. */
const RATIO_FROM_BYTES = 256 << 20

/**
 * The content of a file, inflated while it streams if its first bytes say that it is gzip or zstd. Throws DataRejectedError when it ends
 * early, is corrupted, or was compressed twice, LimitExceededError when more comes out than a table can hold.
 */
export async function* decompress(
  body: AsyncIterable<Uint8Array>,
  options: DecompressOptions,
): AsyncIterable<Uint8Array> {
  const input = body[Symbol.asyncIterator]()
  const first = await firstBytes(input, 4)
  const compression = compressionOf(first)
  const whole = rejoined(first, input)
  yield* limited(compression === undefined ? whole : inflated(whole, compression, options), options)
}

/** At least `count` bytes, unless there are fewer. */
const firstBytes = async (input: AsyncIterator<Uint8Array>, count: number): Promise<Buffer> => {
  let bytes = Buffer.alloc(0)
  while (bytes.length < count) {
    const next = await input.next()
    if (next.done) break
    bytes = Buffer.concat([bytes, next.value])
  }
  return bytes
}

async function* rejoined(first: Uint8Array, input: AsyncIterator<Uint8Array>): AsyncIterable<Uint8Array> {
  try {
    if (first.length > 0) yield first
    for (let next = await input.next(); !next.done; next = await input.next()) yield next.value
  } finally {
    await input.return?.()
  }
}

async function* inflated(
  body: AsyncIterable<Uint8Array>,
  compression: Compression,
  { origin }: DecompressOptions,
): AsyncIterable<Uint8Array> {
  let read = 0
  let written = 0
  let sourceError: unknown
  const counted = async function* () {
    try {
      for await (const bytes of body) {
        read += bytes.length
        yield bytes
      }
    } catch (error) {
      sourceError = error
      throw error
    }
  }
  const engine =
    compression === 'gzip' ? createGunzip({ chunkSize: 1 << 18 }) : createZstdDecompress({ chunkSize: 1 << 18 })
  const source = Readable.from(counted(), { objectMode: false })
  source.on('error', (error) => engine.destroy(error))
  source.pipe(engine)
  try {
    for await (const bytes of engine as AsyncIterable<Buffer>) {
      if (written === 0 && compressionOf(bytes) !== undefined)
        throw new DataRejectedError(`${origin}: the file was compressed twice; compress it once`)
      written += bytes.length
      if (written > RATIO_FROM_BYTES && written > read * MAX_RATIO)
        throw new LimitExceededError(
          `${origin}: ${compression} data that grows more than ${MAX_RATIO} times is not read`,
        )
      yield bytes
    }
  } catch (error) {
    throw sourceError ?? brokenStream(error, compression, origin)
  } finally {
    source.destroy()
    engine.destroy()
  }
}

const brokenStream = (error: unknown, compression: Compression, origin: string): unknown => {
  const code = (error as { code?: unknown }).code
  if (typeof code !== 'string' || !/^(?:Z_|ZSTD_|ERR_ZSTD|ERR_ZLIB)/.test(code)) return error
  const early = code === 'Z_BUF_ERROR'
  return new DataRejectedError(
    `${origin}: the ${compression} data ${early ? 'ends early' : 'is corrupted'}; upload the file again`,
    { cause: error },
  )
}

async function* limited(
  body: AsyncIterable<Uint8Array>,
  { origin, maxBytes }: DecompressOptions,
): AsyncIterable<Uint8Array> {
  let bytes = 0
  for await (const chunk of body) {
    bytes += chunk.length
    if (bytes > maxBytes)
      throw new LimitExceededError(
        `${origin}: more than ${maxBytes} bytes of content, the operator's limit for one file (limits.max_file)`,
      )
    yield chunk
  }
}

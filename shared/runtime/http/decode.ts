import { Readable, pipeline } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw, createZstdDecompress } from 'node:zlib'
import type { Transform } from 'node:stream'
import { DataRejectedError, LimitExceededError, UnavailableError } from '@convergence/core/errors.ts'

export const ACCEPT_ENCODING = 'gzip, deflate, br, zstd'

const DECODERS: Readonly<Record<string, () => Transform>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  br: createBrotliDecompress,
  zstd: createZstdDecompress,
}

/** The one content encoding, or undefined. Throws DataRejectedError: several on top of each other are how bombs are made, unknown ones cannot be read. */
export const encodingOf = (header: string | undefined): string | undefined => {
  const encodings = (header ?? '')
    .split(',')
    .map((text) => text.trim().toLowerCase())
    .filter((text) => text !== '' && text !== 'identity')
  const [encoding] = encodings
  if (encodings.length > 1)
    throw new DataRejectedError(
      `the answer is encoded several times over (${encodings.join(', ')}): only one content encoding is accepted`,
    )
  if (encoding !== undefined && encoding !== 'deflate' && !Object.hasOwn(DECODERS, encoding)) {
    throw new DataRejectedError(`the answer's content encoding ${encoding} is not supported: only ${ACCEPT_ENCODING}`)
  }
  return encoding
}

/** The decoded body, at most `maxBytes` of it: inflated while it streams, so that a bomb costs no more than that. Throws LimitExceededError, UnavailableError. */
export async function* decode(
  body: Readable,
  encoding: string | undefined,
  maxBytes: number,
): AsyncGenerator<Uint8Array> {
  let total = 0
  const decoded = encoding === undefined ? body : inflated(body, encoding)
  for await (const chunk of decoded as AsyncIterable<Uint8Array>) {
    total += chunk.byteLength
    if (total > maxBytes)
      throw new LimitExceededError(
        `the answer is larger than ${maxBytes} bytes: raise \`max_response\`, or ask for smaller pages`,
      )
    yield chunk
  }
}

async function* inflated(body: Readable, encoding: string): AsyncGenerator<Uint8Array> {
  const chunks = body[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>
  const first = await chunks.next()
  if (first.done === true) return
  const decoder = encoding === 'deflate' ? deflateDecoder(first.value) : DECODERS[encoding]?.()
  if (decoder === undefined) return
  const source = Readable.from(resumed(first.value, chunks), { objectMode: false })
  // What goes wrong destroys the decoder with the error, and so reaches the loop below.
  pipeline(source, decoder, () => {})
  try {
    yield* decoder as AsyncIterable<Uint8Array>
  } catch (error) {
    if (isZlibError(error))
      throw new UnavailableError(`the answer's ${encoding} encoding is broken or ends early`, { cause: error })
    throw error
  } finally {
    decoder.destroy()
  }
}

async function* resumed(first: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield first
  yield* { [Symbol.asyncIterator]: () => rest }
}

/** Servers send both: with zlib's header, as the standard says, and without. */
const deflateDecoder = (first: Uint8Array): Transform =>
  ((first[0] ?? 0) & 0x0f) === 8 ? createInflate() : createInflateRaw()

const isZlibError = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && /^(Z_|ERR_(_ERROR_FORMAT|BROTLI|ZSTD|_)|ZSTD_)/.test(String(error.code))

import type { EventEmitter } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import type { File } from '@google-cloud/storage'
import { UnavailableError } from '@convergence/core/errors.ts'
import { pauseOf, type Attempts } from '../attempts.ts'
import { fromStorageError } from '../errors/storage.ts'

export interface ReadOptions {
  readonly start?: number
  readonly end?: number
  readonly generation?: string
}

interface Download {
  readonly file: File
  readonly options: ReadOptions
  readonly attempts: Attempts
  readonly nameOf: string
  /** Told once, before the first byte. */
  readonly seen?: (generation: string) => void
}

type Response = EventEmitter & { readonly headers: Readonly<Record<string, string>> }

const LISTENERS = 20
const SATISFIED_BY_NOTHING = 416

/**
 * Bytes as they are stored, never inflated. An object that is read whole and at one go is checked against its checksum. A broken connection is
 * taken up again where it broke, in the same generation. Throws what Cloud Storage's errors become.
 */
export const download = async function* ({
  file,
  options,
  attempts,
  nameOf,
  seen,
}: Download): AsyncGenerator<Uint8Array> {
  let at = options.start ?? 0
  let generation = options.generation
  for (let attempt = 1; ;) {
    const before = at
    try {
      const from = generation === undefined ? file : file.bucket.file(file.name, { generation })
      const range = rangeOf(at, options.end)
      const stream = from.createReadStream({ decompress: false, ...range })
      stream.once('response', (response: Response) => {
        // The client's own pipelines put a dozen on it, one over what node takes for a leak, and warns of.
        response.setMaxListeners(LISTENERS)
        const which = response.headers['x-goog-generation']
        if (generation === undefined && which !== undefined) generation = which
        if (which !== undefined) seen?.(which)
      })
      for await (const piece of stream as AsyncIterable<Uint8Array>) {
        at += piece.length
        yield piece
      }
      return
    } catch (error) {
      const known = fromStorageError(error, nameOf)
      if (known.details['status'] === SATISFIED_BY_NOTHING) return
      if (at > before) attempt = 1
      const pauseMs = pauseOf(known, attempt, attempts.random)
      if (pauseMs === undefined) throw known
      if (at > (options.start ?? 0) && generation === undefined)
        throw new UnavailableError(`${nameOf}: the connection broke`, { cause: error })
      await (attempts.pause ?? wait)(pauseMs)
      attempt += 1
    }
  }
}

/** `end` of the client is inclusive. */
const rangeOf = (start: number, end: number | undefined): { start?: number; end?: number } => {
  if (start === 0 && end === undefined) return {}
  return { start, ...(end !== undefined && { end: end - 1 }) }
}

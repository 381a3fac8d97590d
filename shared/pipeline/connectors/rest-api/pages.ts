import { crc32 } from 'node:zlib'
import { DataRejectedError, PlatformError, UnauthenticatedError } from '@convergence/core/errors.ts'
import type { RestApiSource, RestResource } from '@convergence/core/config/source.ts'
import type { JsonPath } from '@convergence/core/json-path.ts'
import { parseJsonPath } from '@convergence/core/json-path.ts'
import type { PendingBytes } from '../../pending-bytes.ts'
import type { ConnectorContext } from '../connector.ts'
import type { JsonValue, RecordOptions } from '../json-records.ts'
import { readPath } from '../json-records.ts'
import type { Credentials } from './credentials.ts'
import { readCredentials, withoutSecrets } from './credentials.ts'
import type { Answer } from './exchange.ts'
import { exchange } from './exchange.ts'
import type { Limiter } from './limiter.ts'
import type { Page, Place } from './pagination.ts'
import { nextPlace, valuePath } from './pagination.ts'
import { pageRequest } from './request.ts'
import type { Slot } from './slots.ts'

export interface PageReader {
  readonly context: ConnectorContext<RestApiSource>
  readonly resource: RestResource
  readonly slot: Slot
  /** Read again when they are refused. */
  credentials: Credentials
  readonly limiter: Limiter
  readonly onRequest: () => void
  readonly memory: PendingBytes
}

/** What a page's records become, with how many they are and the rest of its document. */
export interface Decoded<T> {
  readonly records: T
  readonly count: number
  /** Its rows, to be taken before the next answer arrives. */
  readonly content: () => Uint8Array
  readonly document: JsonValue
}

export interface ReadPage<T> extends Decoded<T> {
  readonly bytes: number
  /** Undefined: this was the last page. */
  readonly next: Place | undefined
}

export const recordOptions = ({ context, resource }: Pick<PageReader, 'context' | 'resource'>): RecordOptions => ({
  records: parseJsonPath(resource.records),
  inherit: Object.entries(resource.inherit).map(([column, { path }]) => ({ column, path: parseJsonPath(path) })),
  nameOf: context.nameOf,
})

/** Asks for the page at a place. Once more, if a key is refused in whose place another one stands by now. */
export const fetchPage = async (reader: PageReader, place: Place): Promise<Answer> => {
  const { credentials } = reader
  try {
    return await askFor(reader, place)
  } catch (error) {
    if (!(error instanceof UnauthenticatedError)) throw error
    const { context, resource } = reader
    context.secrets.invalidate(context.tenant)
    reader.credentials = await readCredentials(context, resource)
    if (JSON.stringify(reader.credentials) === JSON.stringify(credentials)) throw error
    return askFor(reader, place)
  }
}

const askFor = (reader: PageReader, place: Place): Promise<Answer> => {
  const { context, resource, slot, credentials } = reader
  return exchange(reader, pageRequest(context, resource, slot, place.address, credentials))
}

/** Decodes an answer and finds out where the walk goes on. Throws DataRejectedError that names the request and the page. */
export const readPage = <T>(
  reader: PageReader,
  place: Place,
  answer: Answer,
  decode: (bytes: Uint8Array) => Decoded<T>,
): ReadPage<T> | undefined => {
  const { resource, credentials } = reader
  // No content: the source says that it has nothing (more).
  if (answer.status === 204) return undefined
  try {
    const decoded = decode(answer.bytes)
    const page: Page = {
      count: decoded.count,
      headers: answer.headers,
      url: answer.url,
      mark: () => crc32(answer.bytes),
      at: (path) => valueAt(answer.bytes, decoded.document, valuePath(path), parseJsonPath(resource.records)),
    }
    return { ...decoded, bytes: answer.bytes.byteLength, next: nextPlace(resource.pagination, place, page) }
  } catch (error) {
    if (!(error instanceof PlatformError) || error.code !== 'DATA_REJECTED') throw error
    const { origin, pathname } = new URL(answer.url)
    const message = withoutSecrets(error.message, credentials)
    throw new DataRejectedError(`${resource.method} ${origin}${pathname}, page ${place.pages + 1}: ${message}`, {
      details: error.details,
    })
  }
}

/** A cursor may be a field of the last record: then the page is looked through once more. */
const valueAt = (bytes: Uint8Array, document: JsonValue, path: JsonPath, records: JsonPath): JsonValue | undefined => {
  const list = records.findIndex((segment) => segment.kind !== 'name')
  const shared =
    list >= 0 &&
    path.length > list &&
    records.slice(0, list).every((segment, i) => JSON.stringify(segment) === JSON.stringify(path[i]))
  if (shared) return readPath(bytes, path)
  let value: JsonValue | undefined = document
  for (const segment of path) {
    if (typeof value !== 'object' || value === null) return undefined
    if (segment.kind === 'index')
      value = Array.isArray(value) ? (value.at(segment.index) as JsonValue | undefined) : undefined
    else if (segment.kind === 'name')
      value = Object.hasOwn(value, segment.name) ? (value as Record<string, JsonValue>)[segment.name] : undefined
  }
  return value
}

import { InvalidInputError } from '@convergence/core/errors.ts'
import { MESSAGE, type UploadEvent } from '@convergence/core/messages.ts'
import type { Random } from '@convergence/core/ports/random.ts'
import { traceIdOf } from '../tracing.ts'
import { parseJson, parsePush } from './push-message.ts'

type Headers = Readonly<Record<string, string | string[] | undefined>>

const FINALIZED = 'google.cloud.storage.object.v1.finalized'

/** What Cloud Storage says of an object (https://cloud.google.com/storage/docs/json_api/v1/objects#resource). */
interface StorageObject {
  readonly bucket?: unknown
  readonly name?: unknown
  readonly generation?: unknown
  readonly size?: unknown
}

/**
 * "Object finalized", as an upload event: a CloudEvent of Eventarc, in the headers or as JSON, or the bucket's own notification, pushed by
 * Pub/Sub. Undefined: another event of a bucket. Throws InvalidInputError.
 */
export const parseUpload = (headers: Headers, body: Buffer, random: Random): UploadEvent | undefined => {
  const trace = traceIdOf(typeof headers['traceparent'] === 'string' ? headers['traceparent'] : undefined, random)
  const found = findObject(headers, body)
  return found && { ...MESSAGE, trace, type: 'object.finalized', ...fieldsOf(found) }
}

const findObject = (headers: Headers, body: Buffer): StorageObject | undefined => {
  if (headers['ce-type'] !== undefined)
    return headers['ce-type'] === FINALIZED ? parseJson(body, 'the event’s data') : undefined
  if (/^application\/cloudevents\+json\b/i.test(String(headers['content-type']))) {
    const event = parseJson(body, 'the event') as { type?: unknown; data?: unknown }
    return event.type === FINALIZED ? (event.data ?? {}) : undefined
  }
  const { attributes, data } = parsePush(body)
  if (attributes['eventType'] === undefined) throw new InvalidInputError('the message is no notification of a bucket')
  return attributes['eventType'] === 'OBJECT_FINALIZE' ? parseJson(data, 'the notification') : undefined
}

const fieldsOf = ({ bucket, name, generation, size }: StorageObject) => {
  if (typeof bucket !== 'string' || typeof name !== 'string')
    throw new InvalidInputError('the event names no object: bucket or name is missing')
  // 64-bit numbers, which JSON has as text; what is none is refused with the rest of the message.
  return { bucket, name, generation: typeof generation === 'string' ? generation : '', size: Number(size) }
}

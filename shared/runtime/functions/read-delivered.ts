import type { IncomingMessage } from 'node:http'
import { InvalidInputError, UnavailableError } from '@convergence/core/errors.ts'
import { MESSAGE, runEvent, stepCommand, task, uploadEvent, type Topic } from '@convergence/core/messages.ts'
import type { Random } from '@convergence/core/ports/random.ts'
import { parseJson, parsePush } from './push-message.ts'
import { readBody } from './read-body.ts'
import type { Route } from './routes.ts'
import { parseUpload } from './upload-message.ts'

/** What was delivered, read and checked. */
export interface Delivered {
  /** `topics/{topic}` or `queues/{queue}`. */
  readonly channel: string
  readonly payload: { readonly trace: string; readonly runId?: string; readonly stepId?: string | undefined }
  /** 1 is the first. */
  readonly attempt: number
}

/** Pointers, never data. */
const MAX_BODY_BYTES = 1024 * 1024

const TOPICS = {
  'run-events': runEvent,
  ingest: stepCommand,
  dq: stepCommand,
  transform: stepCommand,
  uploads: uploadEvent,
}

type Source = Exclude<Route, { to: 'tick' }>

/**
 * Undefined: an event that is nobody's. Throws InvalidInputError and LimitExceededError for what will never be a message,
 * UnavailableError for one that is newer than this code: an instance of the next deployment knows it.
 */
export const readDelivered = async (
  route: Source,
  request: IncomingMessage,
  random: Random,
): Promise<Delivered | undefined> => {
  const body = await readBody(request, MAX_BODY_BYTES)
  if (route.to === 'queue') {
    const payload = check(task, parseJson(body, 'the task'))
    return { channel: `queues/${route.queue}`, payload, attempt: taskAttempt(request) }
  }
  if (route.to === 'upload') {
    const event = parseUpload(request.headers, body, random)
    return event && { channel: 'topics/uploads', payload: check(uploadEvent, event), attempt: 1 }
  }
  const push = parsePush(body)
  const payload = check(TOPICS[route.topic], parseJson(push.data, `message ${push.messageId}`))
  return { channel: `topics/${route.topic}`, payload, attempt: push.attempt }
}

/** Retries that never reached a function count as well (https://cloud.google.com/tasks/docs/creating-http-target-tasks#handler). */
const taskAttempt = ({ headers }: IncomingMessage): number => {
  const count = Number(headers['x-cloudtasks-taskretrycount'] ?? 0)
  return Number.isSafeInteger(count) && count >= 0 ? count + 1 : 1
}

type Schema = (typeof TOPICS)[Topic] | typeof task

const check = (schema: Schema, payload: object): Delivered['payload'] => {
  const { version } = payload as { version?: unknown }
  if (typeof version === 'number' && version > MESSAGE.version)
    throw new UnavailableError(
      `a message of version ${version} is newer than this code, which knows ${MESSAGE.version}`,
    )
  const result = schema.safeParse(payload)
  if (result.success) return result.data
  const [issue] = result.error.issues
  throw new InvalidInputError(`it is no message of ours: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`)
}

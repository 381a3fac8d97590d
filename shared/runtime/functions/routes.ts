import type { IncomingMessage } from 'node:http'
import type { Delivery, Queue, Topic } from '@convergence/core/messages.ts'
import type { Ports } from '@convergence/core/ports/index.ts'

/** What a handler works with: the pipeline's Stage. */
export interface WorkStage {
  readonly ports: Ports
  readonly settings: {
    readonly bucket: string
    readonly lanes: number
    readonly leaseMs: number
    readonly quietMs: number
    readonly keepFilesMs: number
  }
  readonly trace: string
}

type WorkHandler = (stage: WorkStage, payload: unknown, delivery: Delivery) => Promise<void>

export interface WorkRoutes {
  /** `POST /topics/{topic}`: pushes of the topic's subscription. */
  readonly topics?: Partial<Record<Topic, WorkHandler>>
  /** `POST /queues/{queue}`: tasks. */
  readonly queues?: Partial<Record<Queue, WorkHandler>>
  /** `POST /tick`: the schedule's. */
  readonly onTick?: (stage: WorkStage) => Promise<void>
  /** `POST /dead-letters/{topic}`: pushes of the subscription to a topic's dead letters. */
  readonly takesDeadLetters?: boolean
  /** `POST /`: events of buckets, of Eventarc or as a push of a bucket's notification. */
  readonly onUpload?: WorkHandler
}

export type Route =
  | { readonly to: 'topic'; readonly topic: Topic; readonly handler: WorkHandler }
  | { readonly to: 'queue'; readonly queue: Queue; readonly handler: WorkHandler }
  | { readonly to: 'upload'; readonly handler: WorkHandler }
  | { readonly to: 'dead-letter'; readonly topic: Topic }
  | { readonly to: 'tick'; readonly onTick: (stage: WorkStage) => Promise<void> }

const TOPICS: readonly Topic[] = ['run-events', 'ingest', 'dq', 'transform', 'uploads']

/** Where a request goes, or undefined. */
export const findRoute = (routes: WorkRoutes, { method, url = '' }: IncomingMessage): Route | undefined => {
  if (method !== 'POST') return undefined
  const [, first = '', name = '', ...rest] = url.replace(/\?.*$/s, '').split('/')
  if (rest.length > 0) return undefined
  if (first === '') return routes.onUpload && { to: 'upload', handler: routes.onUpload }
  if (first === 'tick') return routes.onTick && { to: 'tick', onTick: routes.onTick }
  if (first === 'topics') return topicRoute(routes, name as Topic)
  if (first === 'queues') return queueRoute(routes, name as Queue)
  const topic = TOPICS.find((one) => one === name)
  return first === 'dead-letters' && routes.takesDeadLetters && topic ? { to: 'dead-letter', topic } : undefined
}

const topicRoute = ({ topics = {} }: WorkRoutes, topic: Topic): Route | undefined => {
  const handler = Object.hasOwn(topics, topic) ? topics[topic] : undefined
  return handler && { to: 'topic', topic, handler }
}

const queueRoute = ({ queues = {} }: WorkRoutes, queue: Queue): Route | undefined => {
  const handler = Object.hasOwn(queues, queue) ? queues[queue] : undefined
  return handler && { to: 'queue', queue, handler }
}

import type { CloudTasksClient } from '@google-cloud/tasks'
import { InvalidConfigError, LimitExceededError } from '@convergence/core/errors.ts'
import { hashOf } from '@convergence/core/hash.ts'
import type { Queue, Task } from '@convergence/core/messages.ts'
import type { Clock } from '@convergence/core/ports/clock.ts'
import type { TaskQueue } from '@convergence/core/ports/task-queue.ts'
import { withAttempts, type Attempts } from './attempts.ts'
import { fromGrpcError, GRPC } from './errors/grpc.ts'

export interface CloudTasksTaskQueueOptions extends Attempts {
  /** Opened by the first task. */
  readonly client: () => Promise<CloudTasksClient>
  readonly clock: Clock
  readonly project: string
  /** Of the queues. */
  readonly region: string
  /** Before the queues' names. */
  readonly prefix: string
  /** Where the functions are, by their names; the tokens' audiences as well. */
  readonly functionUrls: Readonly<Record<string, string>>
  /** E-mail of the service account that tasks call as; who enqueues needs `actAs` on it. */
  readonly account: string
}

/** 1 MiB (https://cloud.google.com/tasks/docs/quotas); the rest is for headers and the token. */
const MAX_BODY_BYTES = 1_000_000
const TIMEOUT_MS = 10_000

/** Which function works a queue off, and how long it may take: at most 30 minutes (https://cloud.google.com/tasks/docs/quotas). */
const QUEUES: Readonly<Record<Queue, { readonly worker: string; readonly deadlineSeconds: number }>> = {
  chunks: { worker: 'ingest', deadlineSeconds: 1_800 },
  'ingest-jobs': { worker: 'ingest', deadlineSeconds: 600 },
  'dq-jobs': { worker: 'dq', deadlineSeconds: 600 },
  'transform-jobs': { worker: 'transform', deadlineSeconds: 600 },
  runs: { worker: 'orchestrator', deadlineSeconds: 600 },
}

/** Tasks of Cloud Tasks: it calls `{function}/queues/{queue}` with the task as JSON and an OIDC token. */
export class CloudTasksTaskQueue implements TaskQueue {
  readonly #options: CloudTasksTaskQueueOptions

  constructor(options: CloudTasksTaskQueueOptions) {
    this.#options = options
  }

  async enqueue(
    queue: Queue,
    task: Task,
    { name, delayMs = 0 }: { name: string; delayMs?: number },
  ): Promise<'enqueued' | 'exists'> {
    const { client, clock, project, region, prefix, account } = this.#options
    const body = Buffer.from(JSON.stringify(task))
    if (body.length > MAX_BODY_BYTES)
      throw new LimitExceededError(`a task of ${queue} has ${body.length} bytes, more than ${MAX_BODY_BYTES}`)
    const parent = `projects/${project}/locations/${region}/queues/${prefix}${queue}`
    const { worker, deadlineSeconds } = QUEUES[queue]
    const url = this.#urlOf(worker)
    const request = {
      parent,
      task: {
        // Hashed here whatever it is: names with a common beginning slow a queue down.
        name: `${parent}/tasks/${hashOf([queue, name])}`,
        dispatchDeadline: { seconds: deadlineSeconds },
        ...(delayMs > 0 && { scheduleTime: timestamp(clock.nowMs() + delayMs) }),
        httpRequest: {
          url: `${url}/queues/${queue}`,
          httpMethod: 'POST' as const,
          headers: { 'content-type': 'application/json' },
          body,
          oidcToken: { serviceAccountEmail: account, audience: url },
        },
      },
    }
    const opened = await client()
    return withAttempts(this.#options, async () => {
      try {
        await opened.createTask(request, { timeout: TIMEOUT_MS, retry: null })
        return 'enqueued'
      } catch (error) {
        const known = fromGrpcError(error, `queue ${prefix}${queue}`)
        // One's own as well, when the answer to the first attempt was lost.
        if (known.details['code'] === GRPC.ALREADY_EXISTS) return 'exists'
        throw known
      }
    })
  }

  #urlOf(worker: string): string {
    const url = Object.hasOwn(this.#options.functionUrls, worker) ? this.#options.functionUrls[worker] : undefined
    if (url === undefined) throw new InvalidConfigError(`where the function ${worker} is called is not set`)
    return url.replace(/\/$/, '')
  }
}

const timestamp = (ms: number) => ({ seconds: Math.floor(ms / 1_000), nanos: (ms % 1_000) * 1_000_000 })

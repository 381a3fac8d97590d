import { toPlatformError } from '@convergence/core/errors.ts'
import type { Queue } from '@convergence/core/messages.ts'
import type { Clients } from '@convergence/gcp/clients.ts'
import { systemClock } from '@convergence/gcp/clock.ts'
import { systemRandom } from '@convergence/gcp/random.ts'
import { CloudTasksTaskQueue } from '@convergence/gcp/task-queue.ts'
import type { DeliveryHarness } from '../deliveries.ts'
import type { TaskQueueHarness } from '../task-queue.contract.ts'
import { Outstanding } from './outstanding.ts'
import { startReceiver, type ReceivedTask } from './task-receiver.ts'

type CloudTasksClient = Awaited<ReturnType<Clients['tasks']>>

const PARENT = 'projects/p1/locations/europe-west1'
const MAX_ATTEMPTS = 5

/** Queues as Terraform makes them; they stand still until they are resumed. */
export const createQueues = async (client: CloudTasksClient, prefix: string, queues: readonly Queue[]) => {
  for (const queue of queues) {
    const name = `${PARENT}/queues/${prefix}${queue}`
    const retryConfig = {
      maxAttempts: MAX_ATTEMPTS + 5,
      minBackoff: { nanos: 100_000_000 },
      maxBackoff: { seconds: 1 },
      maxDoublings: 3,
    }
    await client.createQueue({ parent: PARENT, queue: { name, retryConfig } })
    await client.pauseQueue({ name })
  }
}

export const resumeQueue = (client: CloudTasksClient, prefix: string, queue: Queue) =>
  client.resumeQueue({ name: `${PARENT}/queues/${prefix}${queue}` })

export const taskQueueOf = (client: CloudTasksClient, prefix: string, url: string) =>
  new CloudTasksTaskQueue({
    client: () => Promise.resolve(client),
    clock: systemClock,
    random: systemRandom,
    project: 'p1',
    region: 'europe-west1',
    prefix,
    functionUrls: { ingest: url, orchestrator: `${url}/` },
    account: 'tasks@p1.iam.gserviceaccount.com',
  })

type Handlers = Parameters<DeliveryHarness<unknown>['deliver']>[1]

/** Tasks that a server of this process takes, as the functions would: the last attempt is recorded, for Cloud Tasks only drops it. */
export const cloudTasksHarness = async (
  client: CloudTasksClient,
  prefix: string,
  closing: (() => Promise<void>)[],
): Promise<TaskQueueHarness> => {
  const outstanding = new Outstanding()
  const letters: unknown[] = []
  let handlers: Handlers = {}
  const take = async ({ path, headers, body }: ReceivedTask): Promise<number> => {
    const payload = JSON.parse(body) as { trace: string }
    const attempt = Number(headers['x-cloudtasks-taskretrycount']) + 1
    try {
      await handlers[path.replace('/queues/', '') as Queue]!(payload, { attempt, trace: payload.trace })
    } catch (error) {
      if (toPlatformError(error).retryable && attempt < MAX_ATTEMPTS) return 500
      letters.push(payload)
    }
    outstanding.done()
    return 204
  }
  const receiver = await startReceiver(take)
  closing.push(receiver.stop)
  await createQueues(client, prefix, ['chunks', 'runs'])
  const tasks = taskQueueOf(client, prefix, receiver.url)
  return {
    port: {
      enqueue: async (queue, task, options) => {
        const outcome = await tasks.enqueue(queue, task, options)
        if (outcome === 'enqueued') outstanding.add()
        return outcome
      },
    },
    deliver: async (_, taskHandlers) => {
      handlers = taskHandlers
      for (const queue of Object.keys(taskHandlers) as Queue[]) await resumeQueue(client, prefix, queue)
    },
    settle: () => outstanding.settle(),
    deadLetters: () => Promise.resolve(letters),
    nowMs: () => Date.now(),
  }
}

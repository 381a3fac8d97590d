import { createPublicKey, verify, type JsonWebKey } from 'node:crypto'
import { afterAll, expect, test } from 'vitest'
import type { Task } from '@convergence/core/messages.ts'
import { openClients } from '@convergence/gcp/clients.ts'
import { startCloudTasks } from '../../integration/servers/cloud-tasks.ts'
import { taskQueueContract } from '../task-queue.contract.ts'
import { cloudTasksHarness, createQueues, resumeQueue, taskQueueOf } from './cloud-tasks.ts'
import { startReceiver, type ReceivedTask } from './task-receiver.ts'

const server = await startCloudTasks()
const clients = openClients('p1', { tasks: `127.0.0.1:${server.port}` })
const client = await clients.tasks()
const closing: (() => Promise<void>)[] = []
afterAll(async () => {
  await clients.close()
  for (const close of closing) await close()
  await server.stop()
})

let count = 0
const freshPrefix = () => `t${(count += 1)}-`

taskQueueContract(
  'CloudTasksTaskQueue on cloud-tasks-emulator',
  () => cloudTasksHarness(client, freshPrefix(), closing),
  { comesWhenAsked: false },
)

const chunk: Task = { version: 1, trace: 't1', type: 'chunk', runId: 'r', stepId: 's', chunk: 1, link: 0 }

test('a task calls its queue’s path with JSON and a token of the account, for the function’s address', async () => {
  let take: (task: ReceivedTask) => void
  const taken = new Promise<ReceivedTask>((resolve) => (take = resolve))
  const receiver = await startReceiver((task) => {
    take(task)
    return Promise.resolve(204)
  })
  closing.push(receiver.stop)
  const prefix = freshPrefix()
  await createQueues(client, prefix, ['runs'])
  await resumeQueue(client, prefix, 'runs')
  await taskQueueOf(client, prefix, receiver.url).enqueue('runs', chunk, { name: 'a' })
  const { path, headers, body } = await taken
  expect(path).toBe('/queues/runs')
  expect(headers['content-type']).toBe('application/json')
  expect(JSON.parse(body)).toEqual(chunk)
  const [head = '', claims = '', signature = ''] = headers.authorization!.replace('Bearer ', '').split('.')
  expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toMatchObject({
    aud: receiver.url,
    email: 'tasks@p1.iam.gserviceaccount.com',
    iss: server.issuer,
  })
  const config = (await (await fetch(`${server.issuer}/.well-known/openid-configuration`)).json()) as {
    jwks_uri: string
  }
  const { keys } = (await (await fetch(config.jwks_uri)).json()) as { keys: JsonWebKey[] }
  const key = createPublicKey({ key: keys[0]!, format: 'jwk' })
  expect(verify('RSA-SHA256', Buffer.from(`${head}.${claims}`), key, Buffer.from(signature, 'base64url'))).toBe(true)
})

test('a task carries its queue’s deadline and a name that is a hash', async () => {
  const prefix = freshPrefix()
  await createQueues(client, prefix, ['chunks'])
  await taskQueueOf(client, prefix, 'http://127.0.0.1:1').enqueue('chunks', chunk, { name: 'r/s/1', delayMs: 60_500 })
  const parent = `projects/p1/locations/europe-west1/queues/${prefix}chunks`
  const [[task]] = await client.listTasks({ parent, responseView: 'FULL' })
  expect(task!.name).toMatch(new RegExp(`^${parent}/tasks/[0-9a-f]{32}$`))
  expect(Number(task!.dispatchDeadline!.seconds)).toBe(1_800)
  expect(Number(task!.scheduleTime!.seconds)).toBeGreaterThan(Date.now() / 1_000 + 55)
})

test('a queue that is not there is an error that names it', async () => {
  const queue = taskQueueOf(client, 'absent-', 'http://127.0.0.1:1')
  await expect(queue.enqueue('chunks', chunk, { name: 'a' })).rejects.toMatchObject({
    code: 'NOT_FOUND',
    message: expect.stringContaining('absent-chunks') as string,
  })
})

test('a task that is too large, or whose function has no address, is refused', async () => {
  const queue = taskQueueOf(client, freshPrefix(), 'http://127.0.0.1:1')
  const long: Task = { ...chunk, stepId: 's'.repeat(1_000_001) }
  await expect(queue.enqueue('chunks', long, { name: 'a' })).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' })
  await expect(queue.enqueue('dq-jobs', chunk, { name: 'a' })).rejects.toMatchObject({ code: 'INVALID_CONFIG' })
})

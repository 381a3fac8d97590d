import { fileURLToPath } from 'node:url'
import { openClients, type Clients } from '@convergence/gcp/clients.ts'
import { FUNCTIONS, type FunctionName } from '../../../.ci/bundle.ts'
import { startFramework, type Framework } from '../../functions/framework.ts'
import { CALLER, startTokenIssuer } from '../../functions/token-issuer.ts'
import { startBigquery } from '../servers/bigquery.ts'
import { startCloudTasks } from '../servers/cloud-tasks.ts'
import { startPubsub } from '../servers/pubsub.ts'
import { freePort } from '../servers/server.ts'
import { startStorage } from '../servers/storage.ts'
import { startPushProxy, type PushProxy } from './push-proxy.ts'

export const PROJECT = 'p1'
export const BUCKET = 'convergence'
const REGION = 'europe-west1'
export const ADMIN_KEY = 'an admin key of a test'
const PREFIX = 'convergence-'

/** The six functions in the functions framework's own processes, on emulators of what they use. */
export interface Cloud {
  readonly urls: Readonly<Record<FunctionName, string>>
  readonly clients: Clients
  readonly functions: Readonly<Record<FunctionName, Framework>>
  /** Settings that a function has. */
  readonly environment: Readonly<Record<string, string>>
  /** Kills a function, as SIGKILL does, and starts it anew at its address. */
  readonly restart: (name: FunctionName) => Promise<void>
  /** What functions logged as warnings and errors. */
  readonly troubles: () => string
  readonly createBucket: (name: string) => Promise<void>
  readonly stop: () => Promise<void>
}

/** Objects that are finalized in `dropBucket` are told to the uploads function. */
export const startCloud = async ({ dropBucket }: { dropBucket: string }): Promise<Cloud> => {
  const stops: (() => Promise<void> | void)[] = []
  const stop = async (): Promise<void> => {
    for (let one = stops.pop(); one; one = stops.pop()) await one()
  }
  try {
    const [pubsub, tasks, issuer] = [await startPubsub(), await startCloudTasks(), await startTokenIssuer()]
    const events = { pubsubPort: pubsub.port, project: PROJECT, topic: `${PREFIX}uploads`, bucket: dropBucket }
    stops.push(pubsub.stop, tasks.stop, issuer.stop)
    const emulators = { pubsub: `127.0.0.1:${pubsub.port}`, tasks: `127.0.0.1:${tasks.port}` }
    const topics = openClients(PROJECT, emulators)
    const names: readonly string[] = ['run-events', 'ingest', 'dq', 'transform', 'uploads']
    for (const name of names) await (await topics.pubsub()).createTopic(PREFIX + name)
    await topics.close()
    const storage = await startStorage(events)
    stops.push(storage.stop)
    const bigquery = await startBigquery({ storagePort: storage.port, project: PROJECT })
    stops.push(bigquery.stop)
    const all = { ...emulators, storage: `127.0.0.1:${storage.port}`, bigquery: `127.0.0.1:${bigquery.port}` }
    const clients = openClients(PROJECT, all)
    stops.push(() => clients.close())
    const urls = Object.fromEntries(
      await Promise.all(FUNCTIONS.map(async (name) => [name, `http://127.0.0.1:${await freePort()}`] as const)),
    ) as Record<FunctionName, string>
    const proxy = await startPushProxy((aud) => issuer.token({ aud }))
    stops.push(proxy.stop)
    await subscribe(clients, proxy, urls)
    await createQueues(clients)
    const environment = {
      CONVERGENCE_PROJECT: PROJECT,
      CONVERGENCE_LOCATION: 'US',
      CONVERGENCE_REGION: REGION,
      CONVERGENCE_BUCKET: BUCKET,
      CONVERGENCE_CALLERS: CALLER,
      CONVERGENCE_TASK_ACCOUNT: CALLER,
      CONVERGENCE_TOKEN_ISSUERS: `${issuer.issuer},${tasks.issuer}`,
      CONVERGENCE_EMULATORS: pairs(all),
      CONVERGENCE_FUNCTION_URLS: pairs(urls),
      CONVERGENCE_API_KEY_PEPPER: 'a pepper of a test',
      CONVERGENCE_ADMIN_KEY: ADMIN_KEY,
      CONVERGENCE_POLARS_PROCESSES: '1',
    }
    const createBucket = async (name: string): Promise<void> =>
      void (await (await clients.storage()).createBucket(name))
    await createBucket(BUCKET)
    await createBucket(dropBucket)
    const functions = {} as Record<FunctionName, Framework>
    const start = async (name: FunctionName): Promise<void> => {
      const source = fileURLToPath(new URL('entry.ts', import.meta.url))
      const own = { ...environment, CONVERGENCE_AUDIENCES: urls[name] }
      functions[name] = await startFramework(source, name, own, Number(new URL(urls[name]).port))
    }
    stops.push(async () => {
      for (const one of Object.values(functions)) await one.stop()
    })
    for (const name of FUNCTIONS) await start(name)
    const restart = async (name: FunctionName): Promise<void> => {
      await functions[name].stop()
      await start(name)
    }
    const troubles = (): string =>
      Object.values(functions)
        .flatMap((one) => one.lines())
        .filter(({ severity }) => severity === 'WARNING' || severity === 'ERROR')
        .map((line) => JSON.stringify(line))
        .join('\n')
    return { urls, clients, functions, environment, restart, troubles, createBucket, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

const pairs = (values: Readonly<Record<string, string>>): string =>
  Object.entries(values)
    .map(([name, value]) => `${name}=${value}`)
    .join(',')

/** As `infra` subscribes them. */
const subscribe = async (
  clients: Clients,
  proxy: PushProxy,
  urls: Readonly<Record<FunctionName, string>>,
): Promise<void> => {
  const pushes: [string, FunctionName, string][] = [
    ['run-events', 'orchestrator', '/topics/run-events'],
    ['ingest', 'ingest', '/topics/ingest'],
    ['dq', 'dq', '/topics/dq'],
    ['transform', 'transform', '/topics/transform'],
    ['uploads', 'uploads', '/'],
  ]
  const pubsub = await clients.pubsub()
  for (const [topic, name, path] of pushes)
    await pubsub.topic(PREFIX + topic).createSubscription(PREFIX + topic, {
      pushConfig: { pushEndpoint: proxy.endpoint(urls[name], path) },
      ackDeadlineSeconds: 600,
      retryPolicy: { minimumBackoff: { seconds: 1 }, maximumBackoff: { seconds: 10 } },
    })
}

const createQueues = async (clients: Clients): Promise<void> => {
  const tasks = await clients.tasks()
  const parent = `projects/${PROJECT}/locations/${REGION}`
  for (const queue of ['chunks', 'ingest-jobs', 'dq-jobs', 'transform-jobs', 'runs'])
    await tasks.createQueue({
      parent,
      queue: {
        name: `${parent}/queues/${PREFIX}${queue}`,
        rateLimits: { maxDispatchesPerSecond: 100, maxConcurrentDispatches: 8 },
        retryConfig: { maxAttempts: 30, minBackoff: { seconds: 1 }, maxBackoff: { seconds: 10 } },
      },
    })
}

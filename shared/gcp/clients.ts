import type { BigQuery } from '@google-cloud/bigquery'
import type { PubSub } from '@google-cloud/pubsub'
import type { SecretManagerServiceClient } from '@google-cloud/secret-manager'
import type { Storage } from '@google-cloud/storage'
import type { CloudTasksClient } from '@google-cloud/tasks'

/** Where emulators answer, as `host:port`; what is not named is Google's own. */
export interface Endpoints {
  readonly storage?: string | undefined
  readonly pubsub?: string | undefined
  readonly tasks?: string | undefined
  readonly secrets?: string | undefined
  readonly bigquery?: string | undefined
}

export interface Clients {
  readonly storage: () => Promise<Storage>
  readonly pubsub: () => Promise<PubSub>
  readonly tasks: () => Promise<CloudTasksClient>
  readonly secrets: () => Promise<SecretManagerServiceClient>
  readonly bigquery: () => Promise<BigQuery>
  /** Closes what was opened. */
  readonly close: () => Promise<void>
}

/** Google's clients, each loaded and made by its first use: they take 0.2 to 0.5 s to load, and a function needs few of them. */
export const openClients = (project: string, endpoints: Endpoints = {}): Clients => {
  const opened: (() => Promise<unknown>)[] = []
  const once = <T>(make: () => Promise<T>, close: (client: T) => Promise<unknown>): (() => Promise<T>) => {
    let made: Promise<T> | undefined
    return () => {
      made ??= make().then((client) => {
        opened.push(() => close(client))
        return client
      })
      return made
    }
  }
  return {
    storage: once(
      () => openStorage(project, endpoints.storage),
      async () => {},
    ),
    pubsub: once(
      () => openPubsub(project, endpoints.pubsub),
      (client) => client.close(),
    ),
    tasks: once(
      () => openTasks(project, endpoints.tasks),
      (client) => client.close(),
    ),
    secrets: once(
      () => openSecrets(project, endpoints.secrets),
      (client) => client.close(),
    ),
    bigquery: once(
      () => openBigQuery(project, endpoints.bigquery),
      async () => {},
    ),
    close: async () => {
      for (let close = opened.pop(); close; close = opened.pop()) await close()
    },
  }
}

const openStorage = async (projectId: string, endpoint: string | undefined) => {
  const { Storage } = await import('@google-cloud/storage')
  return new Storage({
    projectId,
    // The client's own retries are switched off for good by the first call without a precondition.
    retryOptions: { autoRetry: false },
    ...(endpoint !== undefined && { apiEndpoint: `http://${endpoint}` }),
  })
}

const openPubsub = async (projectId: string, endpoint: string | undefined) => {
  const { PubSub } = await import('@google-cloud/pubsub')
  return new PubSub({ projectId, ...(endpoint !== undefined && { apiEndpoint: endpoint, emulatorMode: true }) })
}

const openTasks = async (projectId: string, endpoint: string | undefined) => {
  const { CloudTasksClient } = await import('@google-cloud/tasks')
  if (endpoint === undefined) return new CloudTasksClient({ projectId })
  const { grpc } = await import('google-gax')
  return new CloudTasksClient({ projectId, ...hostAndPort(endpoint), sslCreds: grpc.credentials.createInsecure() })
}

/** Over REST at an emulator: that of Secret Manager has no gRPC. */
const openSecrets = async (projectId: string, endpoint: string | undefined) => {
  const { SecretManagerServiceClient } = await import('@google-cloud/secret-manager')
  if (endpoint === undefined) return new SecretManagerServiceClient({ projectId })
  const { GoogleAuth, PassThroughClient } = await import('google-auth-library')
  const auth = new GoogleAuth({ authClient: new PassThroughClient(), projectId })
  return new SecretManagerServiceClient({
    projectId,
    ...hostAndPort(endpoint),
    fallback: true,
    protocol: 'http',
    // The client's own copy of the library has its own, equal, types.
    auth: auth as never,
  })
}

const openBigQuery = async (projectId: string, endpoint: string | undefined) => {
  const { BigQuery } = await import('@google-cloud/bigquery')
  return new BigQuery({ projectId, ...(endpoint !== undefined && { apiEndpoint: `http://${endpoint}` }) })
}

const hostAndPort = (endpoint: string): { apiEndpoint: string; port: number } => {
  const [host = '', port = ''] = endpoint.split(':')
  return { apiEndpoint: host, port: Number(port) }
}

import type { Clock } from '@convergence/core/ports/clock.ts'
import type { Http } from '@convergence/core/ports/http.ts'
import type { Ports } from '@convergence/core/ports/index.ts'
import type { Log } from '@convergence/core/ports/log.ts'
import type { Processor } from '@convergence/core/ports/processor.ts'
import type { Random } from '@convergence/core/ports/random.ts'
import type { Warehouse } from '@convergence/core/ports/warehouse.ts'
import { openClients, type Clients } from './clients.ts'
import { systemClock } from './clock.ts'
import { CloudStorageConfigStore } from './config-store.ts'
import { PubSubMessageBus } from './message-bus.ts'
import { CloudStorageObjectStore } from './object-store.ts'
import { systemRandom } from './random.ts'
import { SecretManagerSecretStore } from './secret-store.ts'
import { CloudStorageStateStore } from './state-store.ts'
import { CloudTasksTaskQueue } from './task-queue.ts'

/** The part of the platform's settings that the ports need; described where they are read. */
interface GcpSettings {
  readonly project: string
  readonly location: string
  readonly bucket: string
  readonly region: string
  readonly resourcePrefix: string
  readonly functionUrls: Readonly<Record<string, string>>
  readonly taskAccount: string
  readonly secretsRoot: string
  readonly secretVersions: Readonly<Record<string, string>>
  readonly emulators: Readonly<Record<string, string>>
}

export interface GcpPortsOptions {
  readonly settings: GcpSettings
  readonly log: Log
  readonly http: Http
  readonly processor: Processor
  readonly clock?: Clock
  readonly random?: Random
}

export interface GcpPlatform {
  readonly ports: Ports
  /** Closes what was opened here: not the processor, nor Http. */
  close(): Promise<void>
}

type OpenWarehouse = (parts: {
  readonly settings: GcpSettings
  readonly clients: Clients
  readonly clock: Clock
  readonly random: Random
}) => Promise<Warehouse>

/** The platform on Google Cloud, as the account that this runs as. Opens no connection by itself. */
export const gcpPorts = async (options: GcpPortsOptions, openWarehouse: OpenWarehouse): Promise<GcpPlatform> => {
  const { settings, log, http, processor, clock = systemClock, random = systemRandom } = options
  const { project, bucket, region, resourcePrefix: prefix } = settings
  const clients = openClients(project, settings.emulators)
  const objects = new CloudStorageObjectStore({ storage: await clients.storage(), random })
  const ports: Ports = {
    warehouse: await openWarehouse({ settings, clients, clock, random }),
    objects,
    bus: new PubSubMessageBus({ client: clients.pubsub, prefix, random }),
    tasks: new CloudTasksTaskQueue({
      client: clients.tasks,
      clock,
      random,
      project,
      region,
      prefix,
      functionUrls: settings.functionUrls,
      account: settings.taskAccount,
    }),
    secrets: new SecretManagerSecretStore({
      client: clients.secrets,
      project,
      random,
      root: settings.secretsRoot,
      versions: settings.secretVersions,
    }),
    state: new CloudStorageStateStore({ objects, bucket }),
    configs: new CloudStorageConfigStore({ objects, bucket }),
    http,
    processor,
    clock,
    random,
    log,
  }
  return { ports, close: () => clients.close() }
}

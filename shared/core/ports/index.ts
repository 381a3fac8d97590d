import type { Clock } from './clock.ts'
import type { ConfigStore } from './config-store.ts'
import type { Http } from './http.ts'
import type { Log } from './log.ts'
import type { MessageBus } from './message-bus.ts'
import type { ObjectStore } from './object-store.ts'
import type { Processor } from './processor.ts'
import type { Random } from './random.ts'
import type { SecretStore } from './secret-store.ts'
import type { StateStore } from './state-store.ts'
import type { TaskQueue } from './task-queue.ts'
import type { Warehouse } from './warehouse.ts'

/** A whole set of ports, built at once by `localPorts()` or `gcpPorts()`. */
export interface Ports {
  readonly warehouse: Warehouse
  readonly objects: ObjectStore
  readonly bus: MessageBus
  readonly tasks: TaskQueue
  readonly secrets: SecretStore
  readonly state: StateStore
  readonly configs: ConfigStore
  readonly http: Http
  readonly processor: Processor
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

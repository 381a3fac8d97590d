import { join } from 'node:path'
import type { Clock } from '@convergence/core/ports/clock.ts'
import type { Http } from '@convergence/core/ports/http.ts'
import type { Ports } from '@convergence/core/ports/index.ts'
import type { Log } from '@convergence/core/ports/log.ts'
import type { Processor } from '@convergence/core/ports/processor.ts'
import type { Random } from '@convergence/core/ports/random.ts'
import { requireAgreement } from './agreement.ts'
import { systemClock } from './clock.ts'
import { FileConfigStore } from './config-store.ts'
import { LocalDatabase } from './database/database.ts'
import { refuseLostState } from './lost-state.ts'
import { SqliteMessageBus } from './message-bus.ts'
import { FileObjectStore } from './object-store.ts'
import { OwnerLock } from './owner-lock.ts'
import { systemRandom } from './random.ts'
import { FileSecretStore } from './secret-store.ts'
import { MACROS } from './sql/macros.ts'
import { loadTranslator } from './sql/translate.ts'
import { SqliteStateStore } from './state-store.ts'
import { SqliteTaskQueue } from './task-queue.ts'
import { DuckDbWarehouse } from './warehouse.ts'

export interface LocalPortsOptions {
  /** The project: `configs/`, `sql/`, and `.convergence/` for everything else. */
  readonly root: string
  readonly log: Log
  readonly http: Http
  readonly processor: Processor
  /** The platform's own; any other bucket is a folder. Default: `convergence`. */
  readonly bucket?: string
  readonly clock?: Clock
  readonly random?: Random
  /** Of DuckDB. */
  readonly memoryLimit?: string
  readonly threads?: number
}

export interface LocalPlatform {
  readonly ports: Ports
  /** For LocalHost and UploadWatcher. */
  readonly database: LocalDatabase
  readonly objects: FileObjectStore
  readonly owner: OwnerLock
  /** `.convergence/` */
  readonly folder: string
  /** With a folder for each bucket. */
  readonly bucketsFolder: string
  /** Closes what was opened here: not the processor, nor Http. Stop the host before. */
  close(): Promise<void>
}

/** The embedded platform of a project. Throws ConflictError while another process owns it. */
export const localPorts = async (options: LocalPortsOptions): Promise<LocalPlatform> => {
  const folder = join(options.root, '.convergence')
  const owner = await OwnerLock.acquire(folder)
  const opened: (() => Promise<void>)[] = [() => owner.release()]
  const close = async () => {
    while (opened.length > 0) await opened.pop()!()
  }
  try {
    return {
      ...(await openPlatform(options, folder, opened)),
      owner,
      folder,
      bucketsFolder: join(folder, 'buckets'),
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

const STATE_FILE = 'state.db'

const openPlatform = async (options: LocalPortsOptions, folder: string, opened: (() => Promise<void>)[]) => {
  const { root, log, http, processor, bucket = 'convergence', clock = systemClock, random = systemRandom } = options
  refuseLostState(folder, STATE_FILE)
  const database = await LocalDatabase.open(join(folder, STATE_FILE))
  opened.push(() => database.close())
  const objects = new FileObjectStore({ database, clock, random, folder, platformBuckets: [bucket] })
  const swept = await objects.sweep()
  if (swept > 0) log.info('files that a crash left were removed', { count: swept })
  const warehouse = await openWarehouse(options, folder, objects)
  opened.push(() => warehouse.close())
  const state = new SqliteStateStore(database)
  await requireAgreement({ state, warehouse, folder })
  const ports: Ports = {
    warehouse,
    objects,
    bus: new SqliteMessageBus(database, clock),
    tasks: new SqliteTaskQueue(database, clock),
    secrets: new FileSecretStore({ root }),
    state,
    configs: new FileConfigStore({ root, objects, bucket }),
    http,
    processor,
    clock,
    random,
    log,
  }
  return { ports, database, objects }
}

const openWarehouse = async (options: LocalPortsOptions, folder: string, objects: FileObjectStore) => {
  const { clock = systemClock, memoryLimit, threads } = options
  return DuckDbWarehouse.open({
    path: join(folder, 'warehouse.duckdb'),
    objectFolder: objects.blobFolder,
    localPath: (ref) => objects.localPath(ref),
    clock,
    translate: await loadTranslator(),
    setup: MACROS,
    tempDirectory: join(folder, 'duckdb-temporary'),
    ...(memoryLimit !== undefined && { memoryLimit }),
    ...(threads !== undefined && { threads }),
  })
}

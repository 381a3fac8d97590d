import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { RunDeliveries } from '@convergence/control/runs/deliveries.ts'
import { unfinishedRuns, wakeRuns } from '@convergence/control/runs/unfinished-runs.ts'
import { listTenants } from '@convergence/control/tenants/get-tenant.ts'
import type { Log } from '@convergence/core/ports/log.ts'
import type { Ports } from '@convergence/core/ports/index.ts'
import { PolarsProcessor } from '@convergence/ingest/handler.ts'
import { localPorts, type LocalPlatform } from '@convergence/local/ports.ts'
import { GuardedHttp } from '@convergence/runtime/http.ts'
import { createLogging } from '@convergence/runtime/logging.ts'
import { parseSettings, type Settings } from '@convergence/runtime/settings.ts'
import { deliveriesOf } from './embedded/deliveries.ts'
import { createWorkers } from './embedded/workers.ts'
import { keepPepper } from './embedded/pepper.ts'
import { embeddedPlatform } from './platform/embedded-platform.ts'
import type { Platform } from './platform/platform.ts'
import { projectEnvironment, type Project } from './project.ts'

/** A run that a start found unfinished, and how far it had come. */
export interface UnfinishedRun {
  readonly runId: string
  readonly tenant: string
  readonly pipelineId: string
  readonly chunksDone: number
  readonly chunksTotal: number
}

/** The embedded platform of one project, owned by this process. */
export interface Embedded {
  readonly project: Project
  readonly settings: Settings
  readonly pepper: string
  readonly ports: Ports
  readonly platform: Platform
  /** What the state file holds of a run's messages and tasks. */
  readonly deliveries: RunDeliveries
  /** Folder whose folders are buckets. */
  readonly buckets: string
  readonly unfinished: readonly UnfinishedRun[]
  /** Messages and tasks are delivered from now on; unfinished runs go on. */
  work(options?: { watchUploads: boolean }): Promise<void>
  /** Lets other commands of this machine in. */
  announce(port: number, token: string): Promise<void>
  /** Finishes what is under way, and lets go of the project. */
  close(): Promise<void>
}

/** What is to be closed, the last opened first. */
type Closers = (() => Promise<unknown>)[]

/** Opens the project. Throws ConflictError while another process owns it, InvalidConfigError (settings). */
export const openEmbedded = async (
  project: Project,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Embedded> => {
  const settings = parseSettings(projectEnvironment(project, env))
  const closers: Closers = []
  const close = async (): Promise<void> => {
    for (let one = closers.pop(); one; one = closers.pop()) await one()
  }
  try {
    const log = await openLog(project, settings, closers)
    const local = await openPorts(project, settings, { log, closers })
    return await assemble({ project, settings, local, closers, close })
  } catch (error) {
    await close()
    throw error
  }
}

const openLog = async (project: Project, { logLevel, logFile }: Settings, closers: Closers): Promise<Log> => {
  await mkdir(join(project.local, 'logs'), { recursive: true })
  const logging = createLogging({ level: logLevel, file: logFile ?? join(project.local, 'logs/convergence.log') })
  closers.push(() => logging.close())
  return logging.log
}

const openPorts = async (
  project: Project,
  settings: Settings,
  { log, closers }: { log: Log; closers: Closers },
): Promise<LocalPlatform> => {
  // Beside the store: a finished part is moved there, not copied.
  const temporary = join(project.local, 'temporary')
  const processor = new PolarsProcessor({ children: settings.polarsProcesses, directory: temporary })
  closers.push(() => processor.close())
  const http = new GuardedHttp()
  closers.push(() => http.close())
  const local = await localPorts({
    root: project.root,
    log,
    http,
    processor,
    bucket: settings.bucket,
    memoryLimit: `${Math.round(settings.loadMemoryBytes / 1_000_000)}MB`,
    threads: settings.loadThreads,
  })
  closers.push(() => local.close())
  // What a killed process left: the project is this one's now.
  await rm(temporary, { recursive: true, force: true })
  await mkdir(temporary, { recursive: true })
  return local
}

interface Parts {
  readonly project: Project
  readonly settings: Settings
  readonly local: LocalPlatform
  readonly closers: Closers
  readonly close: () => Promise<void>
}

const assemble = async ({ project, settings, local, closers, close }: Parts): Promise<Embedded> => {
  const { ports, owner } = local
  await ports.warehouse.prepare()
  const pepper = settings.apiKeyPepper ?? keepPepper(join(project.local, 'api-key-pepper'), ports.random)
  const tenants = await tenantsOf(ports)
  const deliveries = deliveriesOf(local.database)
  const workers = createWorkers(local, settings)
  const platform = embeddedPlatform({
    ports,
    pepper,
    bucket: settings.bucket,
    deliveries,
    trouble: () => workers.trouble(),
    givenUp: (runId) => workers.givenUp(runId),
  })
  return {
    project,
    settings,
    pepper,
    ports,
    platform,
    deliveries,
    buckets: local.bucketsFolder,
    unfinished: await findUnfinished(ports, platform, tenants),
    work: async (options) => {
      for (const tenant of tenants) await wakeRuns({ ports, tenant, trace: ports.random.hex(16) })
      await workers.start(options?.watchUploads === true)
      closers.push(() => workers.stop())
    },
    announce: (port, token) => owner.announce({ port, token }),
    close,
  }
}

const tenantsOf = async (ports: Ports): Promise<string[]> =>
  Array.fromAsync(listTenants({ ports, trace: ports.random.hex(16) }))

const findUnfinished = async (
  ports: Ports,
  platform: Platform,
  tenants: readonly string[],
): Promise<UnfinishedRun[]> => {
  const found: UnfinishedRun[] = []
  for (const tenant of tenants)
    for (const { runId, pipelineId } of await unfinishedRuns({ ports, tenant, trace: ports.random.hex(16) })) {
      const { progress } = await platform.lookAtRun({ runId })
      const sum = (pick: 'done' | 'total'): number => progress.reduce((all, { chunks }) => all + chunks[pick], 0)
      found.push({ runId, tenant, pipelineId, chunksDone: sum('done'), chunksTotal: sum('total') })
    }
  return found
}

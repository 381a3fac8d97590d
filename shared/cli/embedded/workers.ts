import { beginSweep } from '@convergence/orchestrator/handler.ts'
import { toPlatformError } from '@convergence/core/errors.ts'
import { LocalHost } from '@convergence/local/host.ts'
import type { LocalPlatform } from '@convergence/local/ports.ts'
import { UploadWatcher } from '@convergence/local/upload-watcher.ts'
import type { Settings } from '@convergence/runtime/settings.ts'
import { failDeadLetter } from '@convergence/runtime/functions/fail-dead-letter.ts'
import { GivenUp, type GivenUpWork } from './given-up.ts'
import { handlersOf } from './handlers.ts'
import { deliveriesOf } from './deliveries.ts'
import { queuePolicies } from './queue-policies.ts'

export interface Workers {
  start(watchUploads: boolean): Promise<void>
  /** Finishes what is under way. */
  stop(): Promise<void>
  /** Why nothing is delivered, if that is so. */
  trouble(): string | undefined
  /** Why a run is not carried on, if that is so. */
  givenUp(runId: string): GivenUpWork | undefined
}

/** Delivers messages and tasks to the functions' handlers, and watches the buckets' folders. */
export const createWorkers = (local: LocalPlatform, settings: Settings): Workers => {
  const { ports, database, objects, bucketsFolder: folder } = local
  const { clock, random, log } = ports
  const { quietMs, keepFilesMs } = settings
  const stageSettings = {
    bucket: settings.bucket,
    lanes: settings.lanes,
    leaseMs: settings.claimLeaseMs,
    quietMs,
    keepFilesMs,
  }
  const { topics, queues } = handlersOf(ports, stageSettings, deliveriesOf(database).underWay)
  const sweep = async (): Promise<void> => {
    try {
      await beginSweep({ ports, settings: stageSettings, trace: random.hex(16) })
    } catch (error) {
      log.warn('a sweep could not begin', { reason: toPlatformError(error).message })
    }
  }
  let sweeping: NodeJS.Timeout | undefined
  let trouble: string | undefined
  const givenUp = new GivenUp(clock)
  const host = new LocalHost({
    database,
    clock,
    random,
    log,
    handlers: topics,
    taskHandlers: queues,
    queues: queuePolicies(settings.lanes),
    onDeadLetter: async (letter) => {
      let isAnswered = false
      try {
        isAnswered = await failDeadLetter(ports.bus, letter)
      } finally {
        if (!isAnswered) givenUp.note(letter)
      }
    },
    onTrouble: (found) => (trouble = found),
  })
  let watcher: UploadWatcher | undefined
  return {
    start: async (watchUploads) => {
      await host.start()
      await sweep()
      sweeping = setInterval(() => void sweep(), settings.sweepEveryMs)
      if (!watchUploads) return
      watcher = new UploadWatcher({ database, objects, folder, clock, random, log })
      await watcher.start()
    },
    stop: async () => {
      clearInterval(sweeping)
      await watcher?.stop()
      await host.stop()
    },
    trouble: () => trouble,
    givenUp: (runId) => givenUp.of(runId),
  }
}

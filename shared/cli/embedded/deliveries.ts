import type { LocalDatabase } from '@convergence/local/database/database.ts'
import type { RunDeliveries } from '@convergence/control/runs/deliveries.ts'

interface Payload {
  readonly type?: string
  readonly check?: string
  readonly stepId?: string
  readonly chunk?: number
}

/** What the state file holds of a run's messages and tasks: of a host on this machine all of it can be known. */
export const deliveriesOf = (
  database: LocalDatabase,
): RunDeliveries & { readonly underWay: (runId: string) => Promise<readonly (string | undefined)[]> } => {
  const waiting = async (runId: string) =>
    (await database.call('deliveriesOfRun', runId)).map((row) => ({
      channel: row.channel,
      ...aboutOf(row.payload),
      dueAt: new Date(row.dueMs).toISOString(),
      running: row.claimed === 1,
      attempts: row.attempts,
      lastError: row.lastError ?? undefined,
    }))
  return {
    waiting: async (runId) => (await waiting(runId)).filter(({ type }) => !isTimer(type)),
    dead: async (runId) =>
      (await database.call('deadLettersOfRun', runId)).map((row) => ({
        channel: row.channel,
        ...aboutOf(row.payload),
        at: new Date(row.atMs).toISOString(),
        attempts: row.attempts,
        code: row.code,
        reason: row.reason,
      })),
    underWay: async (runId) =>
      (await waiting(runId))
        .filter(({ type, stepId }) => stepId !== undefined && !type.startsWith('run '))
        .map(({ stepId }) => stepId),
  }
}

/** A run's clocks, and looks that may find nothing to do: no work of it. */
const isTimer = (type: string): boolean => type.startsWith('run ') && type !== 'run stop'

const aboutOf = (payload: string): { type: string; stepId: string | undefined; chunk: number | undefined } => {
  const { type = '', check, stepId, chunk } = JSON.parse(payload) as Payload
  return { type: check === undefined ? type : `${type} ${check}`, stepId, chunk }
}

import { NotFoundError } from '@convergence/core/errors.ts'
import { waitName } from '@convergence/core/names.ts'
import { waitNote } from '@convergence/core/plan.ts'
import type { Run } from '@convergence/core/run/run.ts'
import type { ControlContext } from '../context.ts'

/** Why a step stands still, and until when. */
export interface StepWait {
  readonly stepId: string
  readonly reason: string
  /** ISO instant. */
  readonly until: string
}

/** The waits of a run's steps that are not over yet. */
export const readWaits = async ({ ports }: ControlContext, bucket: string, run: Run): Promise<StepWait[]> => {
  const now = new Date(ports.clock.nowMs()).toISOString()
  const waits: StepWait[] = []
  for (const { stepId, status } of run.steps) {
    if (status !== 'RUNNING' && status !== 'PUBLISHING') continue
    const name = waitName({ tenant: run.tenant, runId: run.runId, stepId })
    try {
      const parts: Uint8Array[] = []
      for await (const bytes of ports.objects.read({ bucket, name })) parts.push(bytes)
      const { reason, until } = waitNote.parse(JSON.parse(Buffer.concat(parts).toString('utf8')))
      if (until > now) waits.push({ stepId, reason, until })
    } catch (error) {
      if (!(error instanceof NotFoundError)) throw error
    }
  }
  return waits
}

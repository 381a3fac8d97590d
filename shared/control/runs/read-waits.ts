import { waitName } from '@convergence/core/names.ts'
import { waitNote } from '@convergence/core/plan.ts'
import type { Run } from '@convergence/core/run/run.ts'
import type { ControlContext } from '../context.ts'
import { readDocument } from '../documents.ts'

/** Why a step stands still, and until when. */
export interface StepWait {
  readonly stepId: string
  readonly reason: string
  /** ISO instant. */
  readonly until: string
}

/** The waits of a run's steps that are not over yet. */
export const readWaits = async (context: ControlContext, bucket: string, run: Run): Promise<StepWait[]> => {
  const now = new Date(context.ports.clock.nowMs()).toISOString()
  const waits: StepWait[] = []
  for (const { stepId, status } of run.steps) {
    if (status !== 'RUNNING' && status !== 'PUBLISHING') continue
    const name = waitName({ tenant: run.tenant, runId: run.runId, stepId })
    const note = await readDocument(context, bucket, name, waitNote)
    if (note && note.until > now) waits.push({ stepId, reason: note.reason, until: note.until })
  }
  return waits
}

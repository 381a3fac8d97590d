import { replayIdOf } from '@convergence/core/run/run-id.ts'
import { runEnded, type Run } from '@convergence/core/run/run.ts'
import type { TenantContext } from '../context.ts'
import { adviceFor, type Advice } from './advice.ts'
import type { DeadDelivery, RunDeliveries, WaitingDelivery } from './deliveries.ts'
import { explainStep, type StepExplanation } from './explain-step.ts'
import { findRun } from './get-run.ts'
import { waitsOf, type RunWait } from './waits-of.ts'

export interface ExplainOptions {
  /** The platform's own bucket. */
  readonly bucket: string
  /** Absent where the host cannot tell. */
  readonly deliveries?: RunDeliveries | undefined
}

/** Why a run is as it is, and what to do about it. Plain JSON, in the words of the API. */
export interface RunExplanation {
  readonly steps: StepExplanation[]
  /** What it waits for, and for whom. */
  readonly waiting_for: RunWait[]
  /** Messages and tasks that are under way or will be; null where the host cannot tell. */
  readonly under_way: ReturnType<typeof viewWaiting>[] | null
  readonly dead_letters: ReturnType<typeof viewDead>[] | null
  /** The run that does what this one did not do. */
  readonly replayed_by: { readonly run_id: string; readonly status: Run['status'] } | null
  /** What to do, the most useful first. */
  readonly advice: Advice[]
}

/** Explains a run of this tenant from its documents, and from what its host knows of its messages. */
export const explainRun = async (
  context: TenantContext,
  run: Run,
  { bucket, deliveries }: ExplainOptions,
): Promise<RunExplanation> => {
  const steps: StepExplanation[] = []
  for (const step of run.steps) steps.push(await explainStep(context, bucket, run, step))
  const waits = runEnded(run) ? [] : await waitsOf(context, bucket, run)
  const waiting = deliveries && !runEnded(run) ? await deliveries.waiting(run.runId) : undefined
  const dead = await deliveries?.dead(run.runId)
  const replay = await findRun(context, replayIdOf(run))
  return {
    steps,
    waiting_for: waits,
    under_way: waiting?.map(viewWaiting) ?? null,
    dead_letters: dead?.map(viewDead) ?? null,
    replayed_by: replay ? { run_id: replay.runId, status: replay.status } : null,
    advice: adviceFor({ run, steps, waits, waiting, dead, replay }),
  }
}

const viewWaiting = (one: WaitingDelivery) => ({
  channel: one.channel,
  type: one.type,
  step_id: one.stepId ?? null,
  chunk: one.chunk ?? null,
  due_at: one.dueAt,
  running: one.running,
  attempts: one.attempts,
  last_error: one.lastError ?? null,
})

const viewDead = (one: DeadDelivery) => ({
  channel: one.channel,
  type: one.type,
  step_id: one.stepId ?? null,
  chunk: one.chunk ?? null,
  at: one.at,
  attempts: one.attempts,
  code: one.code,
  reason: one.reason,
})

import type { IngestStep } from '@convergence/core/config/pipeline.ts'
import type { PlanHead } from '@convergence/core/plan.ts'
import { stepIs } from '@convergence/core/run/run.ts'
import { chunkLanes } from '../process/process-chunk.ts'
import { planQuarantined } from '../replay/plan-quarantined.ts'
import { takePlan } from '../replay/take-plan.ts'
import { sendEvent, sendTask, type StepContext } from '../stage.ts'
import { createPlan } from './create-plan.ts'
import { startLanes } from './lanes.ts'
import { readPlan } from './read-plan.ts'

/** How long a step waits before it asks again for a cursor that another run holds. */
const HELD_WAIT_MS = 2_000

/**
 * Begins an ingest step: plans it once, then sends out the first chunk of each lane. A second delivery adopts the plan that is there,
 * and sends again only what has no marker yet.
 */
export const planStep = async (context: StepContext<IngestStep>, tick: number): Promise<void> => {
  if (!stepIs(context.run, context.at.stepId, 'RUNNING')) return
  const { runId, stepId } = context.at
  const plan = (await readPlan(context)) ?? (await makePlan(context))
  await sendEvent(context, { type: 'step.started', runId, stepId, phase: 'run' })
  if ('waitMs' in plan) {
    const next = { type: 'step', runId, stepId, command: 'step.run', tick: tick + 1 } as const
    return sendTask(context, 'ingest-jobs', next, { name: [runId, stepId, 'plan', tick + 1], delayMs: plan.waitMs })
  }
  await startLanes(chunkLanes(context, plan))
}

/** The plan, or when to ask again. */
const makePlan = async (context: StepContext<IngestStep>): Promise<PlanHead | { readonly waitMs: number }> => {
  const { cause } = context.run
  if (cause.type === 'replay' && cause.quarantineOf !== undefined) return planQuarantined(context, cause.quarantineOf)
  const plan = (await takePlan(context)) ?? (await createPlan(context))
  return plan === 'held' ? { waitMs: HELD_WAIT_MS } : plan
}

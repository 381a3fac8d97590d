import { InternalError } from '@convergence/core/errors.ts'
import { planName, planShardName } from '@convergence/core/names.ts'
import { planHead, planShard, type PlanHead } from '@convergence/core/plan.ts'
import { readFrozen } from '../documents.ts'
import type { StepContext } from '../stage.ts'

export const readPlan = (context: StepContext): Promise<PlanHead | undefined> =>
  readFrozen(context, planName(context.at), planHead)

/** The plan of a step whose chunks are already under way. */
export const requirePlan = async (context: StepContext): Promise<PlanHead> => {
  const plan = await readPlan(context)
  if (!plan) throw new InternalError(`step ${context.at.stepId} has chunks and no plan`)
  return plan
}

export const readSlot = async (context: StepContext, plan: PlanHead, chunk: number) => {
  const index = Math.floor(chunk / plan.shardSize)
  const shard = await readFrozen(context, planShardName(context.at, plan.attempt, index), planShard)
  const slot = shard?.slots[chunk % plan.shardSize]
  if (!slot) throw new InternalError(`chunk ${chunk} is not in the plan of step ${context.at.stepId}`)
  return slot
}

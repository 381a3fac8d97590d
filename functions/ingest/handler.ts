import { task, type Delivery } from '@convergence/core/messages.ts'
import { freezeShard } from '@convergence/pipeline/load/manifest.ts'
import { publishIngest } from '@convergence/pipeline/load/publish-ingest.ts'
import { planStep } from '@convergence/pipeline/plan/plan-step.ts'
import { requirePlan } from '@convergence/pipeline/plan/read-plan.ts'
import { PolarsProcessor } from '@convergence/pipeline/process/polars-processor.ts'
import { processChunk } from '@convergence/pipeline/process/process-chunk.ts'
import { guardStep, type Stage } from '@convergence/pipeline/stage.ts'
import { carryStepOn, commandedWork, openStepOf } from '@convergence/pipeline/step-work.ts'

const carryOn = carryStepOn('ingest', { run: planStep, publish: publishIngest })

/** Commands: plan an ingest step, or publish it. */
export const onIngestCommand = async (stage: Stage, payload: unknown, delivery: Delivery): Promise<void> =>
  carryOn(stage, commandedWork(payload), delivery)

/** Tasks: one chunk, one shard of the manifest, or a further look at a step. */
export const onIngestTask = async (stage: Stage, payload: unknown, delivery: Delivery): Promise<void> => {
  const work = task.parse(payload)
  if (work.type === 'run' || work.type === 'sweep') return
  if (work.type === 'step') return carryOn(stage, work, delivery)
  const context = await openStepOf(stage, 'ingest', work)
  if (!context) return
  if (work.type === 'chunk') return guardStep(context, delivery, () => processChunk(context, delivery, work))
  return guardStep(context, delivery, async () => freezeShard(context, await requirePlan(context), work.shard))
}

/** What a host puts into the port `processor`. */
export { PolarsProcessor }

import type { IngestStep } from '@convergence/core/config/pipeline.ts'
import { stepCommand, task, type Delivery, type StepCommand } from '@convergence/core/messages.ts'
import { freezeShard } from '@convergence/pipeline/load/manifest.ts'
import { publishIngest } from '@convergence/pipeline/load/publish-ingest.ts'
import { planStep } from '@convergence/pipeline/plan/plan-step.ts'
import { requirePlan } from '@convergence/pipeline/plan/read-plan.ts'
import { PolarsProcessor } from '@convergence/pipeline/process/polars-processor.ts'
import { processChunk } from '@convergence/pipeline/process/process-chunk.ts'
import { guardStep, openStep, type Stage, type StepContext } from '@convergence/pipeline/stage.ts'

/** Commands: plan an ingest step, or publish it. */
export const onIngestCommand = async (stage: Stage, payload: unknown, delivery: Delivery): Promise<void> => {
  const { runId, stepId, type } = stepCommand.parse(payload)
  await begin(stage, { runId, stepId, command: type, tick: 0 }, delivery)
}

/** Tasks: one chunk, one shard of the manifest, or a further look at a step. */
export const onIngestTask = async (stage: Stage, payload: unknown, delivery: Delivery): Promise<void> => {
  const work = task.parse(payload)
  if (work.type === 'run') return
  if (work.type === 'step') return begin(stage, work, delivery)
  const context = await openIngest(stage, work.runId, work.stepId)
  if (!context) return
  if (work.type === 'chunk') return guardStep(context, delivery, () => processChunk(context, delivery, work))
  return guardStep(context, delivery, async () => freezeShard(context, await requirePlan(context), work.shard))
}

const begin = async (
  stage: Stage,
  work: { runId: string; stepId: string; command: StepCommand['type']; tick: number },
  delivery: Delivery,
): Promise<void> => {
  const context = await openIngest(stage, work.runId, work.stepId)
  if (!context) return
  await guardStep(context, delivery, () =>
    work.command === 'step.run' ? planStep(context, work.tick) : publishIngest(context, work.tick),
  )
}

const openIngest = async (
  stage: Stage,
  runId: string,
  stepId: string,
): Promise<StepContext<IngestStep> | undefined> => {
  const context = await openStep(stage, runId, stepId)
  return context?.step.type === 'ingest' ? (context as StepContext<IngestStep>) : undefined
}

/** What a host puts into the port `processor`. */
export { PolarsProcessor }

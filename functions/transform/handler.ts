import type { TransformStep } from '@convergence/core/config/pipeline.ts'
import { stepCommand, task, type Delivery, type StepCommand } from '@convergence/core/messages.ts'
import { guardStep, openStep, type Stage, type StepContext } from '@convergence/pipeline/stage.ts'
import { beginTransform, publishTransform } from '@convergence/pipeline/transform/run-transform.ts'

/** Commands: check a transform's SQL, or publish its result. */
export const onTransformCommand = async (stage: Stage, payload: unknown, delivery: Delivery): Promise<void> => {
  const { runId, stepId, type } = stepCommand.parse(payload)
  await carryOn(stage, { runId, stepId, command: type, tick: 0 }, delivery)
}

/** A further look at a transform whose job was running. */
export const onTransformTask = async (stage: Stage, payload: unknown, delivery: Delivery): Promise<void> => {
  const work = task.parse(payload)
  if (work.type === 'step') await carryOn(stage, work, delivery)
}

const carryOn = async (
  stage: Stage,
  work: { runId: string; stepId: string; command: StepCommand['type']; tick: number },
  delivery: Delivery,
): Promise<void> => {
  const context = await openStep(stage, work.runId, work.stepId)
  if (context?.step.type !== 'transform') return
  const transform = context as StepContext<TransformStep>
  await guardStep(context, delivery, () =>
    work.command === 'step.run' ? beginTransform(transform) : publishTransform(transform, work.tick),
  )
}

import { task, type Delivery } from '@convergence/core/messages.ts'
import type { Stage } from '@convergence/pipeline/stage.ts'
import { carryStepOn, commandedWork } from '@convergence/pipeline/step-work.ts'
import { beginTransform, publishTransform } from '@convergence/pipeline/transform/run-transform.ts'

const carryOn = carryStepOn('transform', { run: beginTransform, publish: publishTransform })

/** Commands: check a transform's SQL, or publish its result. */
export const onTransformCommand = async (stage: Stage, payload: unknown, delivery: Delivery): Promise<void> =>
  carryOn(stage, commandedWork(payload), delivery)

/** A further look at a transform whose job was running. */
export const onTransformTask = async (stage: Stage, payload: unknown, delivery: Delivery): Promise<void> => {
  const work = task.parse(payload)
  if (work.type === 'step') await carryOn(stage, work, delivery)
}

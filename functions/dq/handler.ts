import { task, type Delivery } from '@convergence/core/messages.ts'
import { quarantineRows, runDqStep } from '@convergence/pipeline/dq/run-dq-step.ts'
import type { Stage } from '@convergence/pipeline/stage.ts'
import { carryStepOn, commandedWork } from '@convergence/pipeline/step-work.ts'

const carryOn = carryStepOn('dq', { run: runDqStep, publish: quarantineRows })

/** Commands: check a table, or move the rows that failed to quarantine. */
export const onDqCommand = async (stage: Stage, payload: unknown, delivery: Delivery): Promise<void> =>
  carryOn(stage, commandedWork(payload), delivery)

/** A further look at checks that were running. */
export const onDqTask = async (stage: Stage, payload: unknown, delivery: Delivery): Promise<void> => {
  const work = task.parse(payload)
  if (work.type === 'step') await carryOn(stage, work, delivery)
}

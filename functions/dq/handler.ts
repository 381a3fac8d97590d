import type { DqStep } from '@convergence/core/config/pipeline.ts'
import { stepCommand, task, type Delivery, type StepCommand } from '@convergence/core/messages.ts'
import { quarantineRows, runDqStep } from '@convergence/pipeline/dq/run-dq-step.ts'
import { guardStep, openStep, type Stage, type StepContext } from '@convergence/pipeline/stage.ts'

/** Commands: check a table, or move the rows that failed to quarantine. */
export const onDqCommand = async (stage: Stage, payload: unknown, delivery: Delivery): Promise<void> => {
  const { runId, stepId, type } = stepCommand.parse(payload)
  await carryOn(stage, { runId, stepId, command: type, tick: 0 }, delivery)
}

/** A further look at checks that were running. */
export const onDqTask = async (stage: Stage, payload: unknown, delivery: Delivery): Promise<void> => {
  const work = task.parse(payload)
  if (work.type === 'step') await carryOn(stage, work, delivery)
}

const carryOn = async (
  stage: Stage,
  work: { runId: string; stepId: string; command: StepCommand['type']; tick: number },
  delivery: Delivery,
): Promise<void> => {
  const context = await openStep(stage, work.runId, work.stepId)
  if (context?.step.type !== 'dq') return
  const dq = context as StepContext<DqStep>
  await guardStep(context, delivery, () =>
    work.command === 'step.run' ? runDqStep(dq, work.tick) : quarantineRows(dq, work.tick),
  )
}

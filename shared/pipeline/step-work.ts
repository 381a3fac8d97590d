import type { Step } from '@convergence/core/config/pipeline.ts'
import { stepCommand, type Delivery, type StepCommand } from '@convergence/core/messages.ts'
import { guardStep, openStep, type Stage, type StepContext } from './stage.ts'

/** What a step is asked to do: by a command, or again by a task that looks how far it has come. */
export interface StepWork {
  readonly runId: string
  readonly stepId: string
  readonly command: StepCommand['type']
  /** How many looks came before. */
  readonly tick: number
}

/** Throws for a message that is no command. */
export const commandedWork = (payload: unknown): StepWork => {
  const { runId, stepId, type } = stepCommand.parse(payload)
  return { runId, stepId, command: type, tick: 0 }
}

/** A step of this type, or undefined: then the message is nobody's here. */
export const openStepOf = async <Type extends Step['type']>(
  stage: Stage,
  type: Type,
  { runId, stepId }: { readonly runId: string; readonly stepId: string },
): Promise<StepContext<Extract<Step, { type: Type }>> | undefined> => {
  const context = await openStep(stage, runId, stepId)
  return context?.step.type === type ? (context as StepContext<Extract<Step, { type: Type }>>) : undefined
}

interface StepVerbs<Context> {
  readonly run: (context: Context, tick: number) => Promise<void>
  readonly publish: (context: Context, tick: number) => Promise<void>
}

/** Does the work on a step of this type, if it is one. */
export const carryStepOn =
  <Type extends Step['type']>(type: Type, verbs: StepVerbs<StepContext<Extract<Step, { type: Type }>>>) =>
  async (stage: Stage, work: StepWork, delivery: Delivery): Promise<void> => {
    const context = await openStepOf(stage, type, work)
    if (!context) return
    const verb = work.command === 'step.run' ? verbs.run : verbs.publish
    await guardStep(context, delivery, () => verb(context, work.tick))
  }

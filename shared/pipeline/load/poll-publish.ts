import type { Queue } from '@convergence/core/messages.ts'
import { stepIs } from '@convergence/core/run/run.ts'
import { sendEvent, sendTask, type StepContext } from '../stage.ts'

/**
 * Publishes as far as it goes without waiting, and asks `queue` to come back. `publishOnce` gives the milliseconds after which to look
 * again; undefined: the step has ended.
 */
export const pollPublish = async (
  context: StepContext,
  { queue, tick }: { readonly queue: Queue; readonly tick: number },
  publishOnce: () => Promise<number | undefined>,
): Promise<void> => {
  if (!stepIs(context.run, context.at.stepId, 'PUBLISHING')) return
  const { runId, stepId } = context.at
  if (tick === 0) await sendEvent(context, { type: 'step.started', runId, stepId, phase: 'publish' })
  const wait = await publishOnce()
  if (wait === undefined) return
  const next = { type: 'step', runId, stepId, command: 'step.publish', tick: tick + 1 } as const
  await sendTask(context, queue, next, { name: [runId, stepId, 'publish', tick + 1], delayMs: wait })
}

import type { PlatformError } from '@convergence/core/errors.ts'
import { MESSAGE, runEvent, stepCommand, task, type Problem, type RunEvent } from '@convergence/core/messages.ts'
import type { MessageBus } from '@convergence/core/ports/message-bus.ts'

/**
 * A command or task that was given up fails its step, and an event that was given up stops its run: so no run waits for what will not
 * come. Only a stop that cannot be carried out itself leaves its run as it is; the next start tries again. False: nothing answers it.
 */
export const failDeadLetter = async (
  bus: MessageBus,
  letter: {
    readonly channel: string
    readonly payload: unknown
    readonly attempts: number
    readonly reason: PlatformError
  },
): Promise<boolean> => {
  const event = eventFor(letter.channel, letter.payload, {
    code: letter.reason.code,
    message: `${letter.reason.message} (given up after ${letter.attempts} attempts)`,
  })
  if (event) await bus.publish('run-events', event)
  return event !== undefined
}

const eventFor = (channel: string, payload: unknown, error: Problem): RunEvent | undefined => {
  const command = stepCommand.safeParse(payload)
  if (command.success) return stepFailed(command.data, error)
  const work = task.safeParse(payload)
  if (work.success) return 'stepId' in work.data && work.data.type !== 'run' ? stepFailed(work.data, error) : undefined
  const event = runEvent.safeParse(payload)
  if (channel !== 'topics/run-events' || !event.success || event.data.type === 'run.stop') return undefined
  const { runId, trace } = event.data
  return { ...MESSAGE, trace, type: 'run.stop', runId, intent: { end: 'FAILED', reason: error } }
}

const stepFailed = (
  { runId, stepId, trace }: { runId: string; stepId: string; trace: string },
  error: Problem,
): RunEvent => ({
  ...MESSAGE,
  trace,
  type: 'step.failed',
  runId,
  stepId,
  error,
})

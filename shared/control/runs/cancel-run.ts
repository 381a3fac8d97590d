import { ConflictError } from '@convergence/core/errors.ts'
import { MESSAGE } from '@convergence/core/messages.ts'
import { runEnded, type Run } from '@convergence/core/run/run.ts'
import type { TenantContext } from '../context.ts'
import { getRun } from './get-run.ts'

/** Asks for the run's stop; it ends CANCELLED when nothing of it can become visible any more. Throws NotFoundError, ConflictError (ended). */
export const cancelRun = async (context: TenantContext, runId: string): Promise<Run> => {
  const run = await getRun(context, runId)
  if (run.status === 'CANCELLED') return run
  if (runEnded(run)) throw new ConflictError(`run ${runId} has ended: ${run.status}`)
  const reason = { code: 'CANCELLED', message: 'cancelled on request' }
  await context.ports.bus.publish('run-events', {
    ...MESSAGE,
    trace: run.trace,
    type: 'run.stop',
    runId,
    intent: { end: 'CANCELLED', reason },
  })
  return run
}

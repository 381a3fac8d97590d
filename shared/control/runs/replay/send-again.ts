import { ConflictError } from '@convergence/core/errors.ts'
import { MESSAGE } from '@convergence/core/messages.ts'
import { taskName } from '@convergence/core/names.ts'
import { stepEnded, stepOf, type Run } from '@convergence/core/run/run.ts'
import type { TenantContext } from '../../context.ts'
import { askToGoOn } from '../enter-run.ts'
import type { Replayed } from '../replay-run.ts'
import { requireOpenChunk } from './require-chunk.ts'

/**
 * Asks a run that has not ended to send its work again, all of it or that of a step or a chunk. Where nothing was lost, the same work is
 * done twice and counts once.
 */
export const sendAgain = async (
  context: TenantContext & { readonly bucket: string },
  run: Run,
  { stepId, chunk }: { readonly stepId?: string | undefined; readonly chunk?: number | undefined },
): Promise<Replayed> => {
  if (stepId !== undefined) requireUnderWay(run, stepId)
  if (stepId !== undefined && chunk !== undefined)
    await requireOpenChunk(context, { tenant: run.tenant, runId: run.runId, stepId }, chunk)
  const tick = context.ports.clock.nowMs()
  await askToGoOn(context, run)
  await context.ports.tasks.enqueue(
    'runs',
    {
      ...MESSAGE,
      trace: run.trace,
      type: 'run',
      runId: run.runId,
      check: 'resume',
      tick,
      ...(stepId !== undefined && { stepId }),
      ...(chunk !== undefined && { chunk }),
    },
    { name: taskName([run.runId, 'resume', stepId ?? '', chunk ?? '', tick]) },
  )
  return { run, how: 'resumed' }
}

const requireUnderWay = (run: Run, stepId: string): void => {
  const step = stepOf(run, stepId)
  if (stepEnded(step))
    throw new ConflictError(
      `step ${stepId} has ended: ${step.status}. When the run has ended too, replay ${run.runId} does what it did not do`,
    )
  if (step.status === 'PENDING')
    throw new ConflictError(`step ${stepId} has not begun: it waits for ${step.needs.join(', ') || 'the run to begin'}`)
}

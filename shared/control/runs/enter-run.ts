import type { ConfigSnapshot } from '@convergence/core/config/snapshot.ts'
import type { Pipeline } from '@convergence/core/config/pipeline.ts'
import { didYouMean } from '@convergence/core/config/suggest.ts'
import { LimitExceededError, NotFoundError } from '@convergence/core/errors.ts'
import { MESSAGE } from '@convergence/core/messages.ts'
import { activeKey, activePrefix, runIndexKey, runKey, tenantRunIndexKey } from '@convergence/core/names.ts'
import { runDocument, type Run } from '@convergence/core/run/run.ts'
import type { TenantContext } from '../context.ts'

/**
 * Writes a new run, unless its id is there already. Its entry in the active set comes before the document, and the message after it, so
 * that a crash between any two is found again.
 */
export const enterRun = async (context: TenantContext, run: Run): Promise<{ run: Run; created: boolean }> => {
  const { state } = context.ports
  const { tenant, runId, pipelineId, requestedAt } = run
  await state.compareAndSet(activeKey(tenant, runId), null, { pipelineId, requestedAt })
  await state.compareAndSet(runIndexKey(tenant, pipelineId, requestedAt, runId), null, { runId })
  await state.compareAndSet(tenantRunIndexKey(tenant, requestedAt, runId), null, { runId })
  const put = await state.compareAndSet(runKey(runId), null, run)
  const winner = put.outcome === 'written' ? run : runDocument.parse(put.current?.value)
  await askToGoOn(context, winner)
  return { run: winner, created: put.outcome === 'written' }
}

/** Asks a run to go on where a crash may have left it. */
export const askToGoOn = (context: TenantContext, { trace, runId }: Run): Promise<void> =>
  context.ports.bus.publish('run-events', { ...MESSAGE, trace, type: 'run.requested', runId })

/** Throws NotFoundError. */
export const findPipeline = (snapshot: ConfigSnapshot, pipelineId: string): Pipeline => {
  const pipeline = Object.hasOwn(snapshot.pipelines, pipelineId) ? snapshot.pipelines[pipelineId] : undefined
  if (pipeline) return pipeline
  const known = Object.keys(snapshot.pipelines)
  throw new NotFoundError(
    `tenant ${snapshot.tenant} has no pipeline ${pipelineId}${didYouMean(pipelineId, known)}${known.length > 0 ? ` (it has ${known.join(', ')})` : ''}`,
  )
}

/** Counted in the active set; two requests at the same moment may pass together. Throws LimitExceededError. */
export const refuseTooMany = async (context: TenantContext, snapshot: ConfigSnapshot): Promise<void> => {
  const most = snapshot.operator.limits.max_concurrent_runs
  const page = await context.ports.state.list(activePrefix(context.tenant), { limit: Math.min(1_000, most) })
  if (page.entries.length >= most)
    throw new LimitExceededError(
      `tenant ${context.tenant} has ${most} runs that have not ended, which is its limit: wait until one has, or cancel one`,
    )
}

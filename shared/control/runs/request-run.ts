import { didYouMean } from '@convergence/core/config/suggest.ts'
import type { ConfigSnapshot } from '@convergence/core/config/snapshot.ts'
import type { Pipeline } from '@convergence/core/config/pipeline.ts'
import { ConflictError, InvalidInputError, LimitExceededError, NotFoundError } from '@convergence/core/errors.ts'
import { MESSAGE } from '@convergence/core/messages.ts'
import { activeKey, activePrefix, runIndexKey, runKey, tenantRunIndexKey } from '@convergence/core/names.ts'
import { resolveParameters, type ParameterValues } from '@convergence/core/parameters.ts'
import { runIdOf } from '@convergence/core/run/run-id.ts'
import { runDocument, type Run, type RunCause } from '@convergence/core/run/run.ts'
import { nowIso, type TenantContext } from '../context.ts'
import { requireActive } from '../tenants/get-tenant.ts'
import { newRun } from './new-run.ts'

export interface RunRequest {
  readonly pipelineId: string
  readonly parameters: unknown
  readonly cause: RunCause
}

/**
 * Asks for a run. Its entry in the active set comes before the document, and the message after it, so that a crash between any two is
 * found again; the same cause gives the same run. Throws NotFoundError, InvalidInputError (`details.problems`), ForbiddenError
 * (suspended), LimitExceededError, ConflictError (an idempotency key that was used for something else).
 */
export const requestRun = async (
  context: TenantContext,
  request: RunRequest,
): Promise<{ run: Run; created: boolean }> => {
  await requireActive(context, context.tenant)
  const snapshot = await context.ports.configs.current(context.tenant)
  const pipeline = findPipeline(snapshot, request.pipelineId)
  const logicalTime = nowIso(context)
  const runId = runIdOf(
    { tenant: context.tenant, pipelineId: request.pipelineId, logicalTime, cause: request.cause },
    context.ports.random,
  )
  const standing = await context.ports.state.get(runKey(runId))
  if (standing) return repeat(context, runDocument.parse(standing.value), request, pipeline)
  const parameters = resolve(pipeline, request, logicalTime)
  await refuseTooMany(context, snapshot)
  const run = newRun(context, { runId, snapshot, pipeline, parameters, logicalTime, cause: request.cause })
  return write(context, run)
}

const write = async (context: TenantContext, run: Run): Promise<{ run: Run; created: boolean }> => {
  const { state } = context.ports
  const { tenant, runId, pipelineId, requestedAt } = run
  await state.compareAndSet(activeKey(tenant, runId), null, { pipelineId, requestedAt })
  await state.compareAndSet(runIndexKey(tenant, pipelineId, requestedAt, runId), null, { runId })
  await state.compareAndSet(tenantRunIndexKey(tenant, requestedAt, runId), null, { runId })
  const put = await state.compareAndSet(runKey(runId), null, run)
  const winner = put.outcome === 'written' ? run : runDocument.parse(put.current?.value)
  await ask(context, winner)
  return { run: winner, created: put.outcome === 'written' }
}

const ask = (context: TenantContext, run: Run): Promise<void> =>
  context.ports.bus.publish('run-events', { ...MESSAGE, trace: run.trace, type: 'run.requested', runId: run.runId })

/** The same cause again: the same run, asked to go on where a crash may have left it. */
const repeat = async (
  context: TenantContext,
  run: Run,
  request: RunRequest,
  pipeline: Pipeline,
): Promise<{ run: Run; created: boolean }> => {
  const again = resolve(pipeline, request, run.logicalTime)
  if (run.tenant !== context.tenant || JSON.stringify(again) !== JSON.stringify(run.parameters))
    throw new ConflictError(
      'this Idempotency-Key was used for a run with other parameters: use a new key for another run',
      {
        details: { run_id: run.runId },
      },
    )
  await ask(context, run)
  return { run, created: false }
}

const findPipeline = (snapshot: ConfigSnapshot, pipelineId: string): Pipeline => {
  const pipeline = Object.hasOwn(snapshot.pipelines, pipelineId) ? snapshot.pipelines[pipelineId] : undefined
  if (pipeline) return pipeline
  const known = Object.keys(snapshot.pipelines)
  throw new NotFoundError(
    `tenant ${snapshot.tenant} has no pipeline ${pipelineId}${didYouMean(pipelineId, known)}${known.length > 0 ? ` (it has ${known.join(', ')})` : ''}`,
  )
}

const resolve = (pipeline: Pipeline, request: RunRequest, logicalTime: string): ParameterValues => {
  const resolved = resolveParameters(pipeline, request.parameters, logicalTime)
  if (resolved.outcome === 'resolved') return resolved.values
  const problems = resolved.problems.map(({ parameter, message }) => ({ field: `parameters.${parameter}`, message }))
  throw new InvalidInputError(problems.map(({ field, message }) => `${field} ${message}`).join('; '), {
    details: { problems },
  })
}

/** Counted in the active set; two requests at the same moment may pass together. */
const refuseTooMany = async (context: TenantContext, snapshot: ConfigSnapshot): Promise<void> => {
  const most = snapshot.operator.limits.max_concurrent_runs
  const page = await context.ports.state.list(activePrefix(context.tenant), { limit: Math.min(1_000, most) })
  if (page.entries.length >= most)
    throw new LimitExceededError(
      `tenant ${context.tenant} has ${most} runs that have not ended, which is its limit: wait until one has, or cancel one`,
    )
}

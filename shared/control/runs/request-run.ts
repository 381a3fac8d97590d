import type { Pipeline } from '@convergence/core/config/pipeline.ts'
import { ConflictError, InvalidInputError } from '@convergence/core/errors.ts'
import { runKey } from '@convergence/core/names.ts'
import { resolveParameters, type ParameterValues } from '@convergence/core/parameters.ts'
import { runIdOf } from '@convergence/core/run/run-id.ts'
import { runDocument, type Run, type RunCause } from '@convergence/core/run/run.ts'
import { nowIso, type TenantContext } from '../context.ts'
import { requireActive } from '../tenants/get-tenant.ts'
import { askToGoOn, enterRun, findPipeline, refuseTooMany } from './enter-run.ts'
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
  return enterRun(context, run)
}

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
  await askToGoOn(context, run)
  return { run, created: false }
}

const resolve = (pipeline: Pipeline, request: RunRequest, logicalTime: string): ParameterValues => {
  const resolved = resolveParameters(pipeline, request.parameters, logicalTime)
  if (resolved.outcome === 'resolved') return resolved.values
  const problems = resolved.problems.map(({ parameter, message }) => ({ field: `parameters.${parameter}`, message }))
  throw new InvalidInputError(problems.map(({ field, message }) => `${field} ${message}`).join('; '), {
    details: { problems },
  })
}

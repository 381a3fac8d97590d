import { resolveParameters } from '@convergence/core/parameters.ts'
import type { Run } from '@convergence/core/run/run.ts'
import { nowIso, type TenantContext } from '../context.ts'
import { unfinishedRuns } from './unfinished-runs.ts'

/** An unfinished run of the pipeline with the same parameters, the oldest; undefined: there is none, or the request is not valid. */
export const findSameRun = async (
  context: TenantContext,
  request: { pipelineId: string; parameters: unknown },
): Promise<Run | undefined> => {
  const runs = (await unfinishedRuns(context)).filter(({ pipelineId }) => pipelineId === request.pipelineId)
  if (runs.length === 0) return undefined
  const pipeline = (await context.ports.configs.current(context.tenant)).pipelines[request.pipelineId]
  const resolved = pipeline && resolveParameters(pipeline, request.parameters, nowIso(context))
  if (resolved?.outcome !== 'resolved') return undefined
  const wanted = textOf(resolved.values)
  return runs.find((run) => textOf(run.parameters) === wanted)
}

const textOf = (values: Readonly<Record<string, unknown>>): string =>
  JSON.stringify(Object.entries(values).toSorted(([a], [b]) => (a < b ? -1 : 1)))

import { runIndexPrefix, runKey, tenantRunIndexPrefix } from '@convergence/core/names.ts'
import { runDocument, type Run } from '@convergence/core/run/run.ts'
import type { TenantContext } from '../context.ts'

export interface RunPage {
  /** Newest first. */
  readonly runs: readonly Run[]
  readonly nextPageToken?: string | undefined
}

/** Runs of the tenant, of one pipeline or all, from index entries: never by a scan. `limit` is at most 100. */
export const listRuns = async (
  context: TenantContext,
  query: { pipelineId?: string | undefined; limit?: number | undefined; pageToken?: string | undefined },
): Promise<RunPage> => {
  const prefix =
    query.pipelineId === undefined
      ? tenantRunIndexPrefix(context.tenant)
      : runIndexPrefix(context.tenant, query.pipelineId)
  const page = await context.ports.state.list<{ runId: string }>(prefix, {
    limit: Math.min(query.limit ?? 20, 100),
    ...(query.pageToken !== undefined && { pageToken: query.pageToken }),
  })
  const entries = await Promise.all(page.entries.map(({ value }) => context.ports.state.get(runKey(value.runId))))
  // An index entry without a run is a request that crashed before the run was written.
  const runs = entries.flatMap((entry) => (entry ? [runDocument.parse(entry.value)] : []))
  return { runs: runs.filter((run) => run.tenant === context.tenant), nextPageToken: page.nextPageToken }
}

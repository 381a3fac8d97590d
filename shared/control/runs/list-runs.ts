import {
  runIndexKey,
  runIndexPrefix,
  runKey,
  tenantRunIndexKey,
  tenantRunIndexPrefix,
} from '@convergence/core/names.ts'
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
  const found = await Promise.all(
    page.entries.map(async ({ key, value }): Promise<Run[]> => {
      const entry = await context.ports.state.get(runKey(value.runId))
      const run = entry && runDocument.parse(entry.value)
      return run && isEntryOf(run, key) ? [run] : []
    }),
  )
  const runs = found.flat().filter((run) => run.tenant === context.tenant)
  return { runs, nextPageToken: page.nextPageToken }
}

/**
 * An index entry without a run is a request that crashed before the run was written; one of another time is of a request that lost
 * against the same cause at the same moment, and is not listed beside the winner's.
 */
const isEntryOf = ({ tenant, pipelineId, requestedAt, runId }: Run, key: string): boolean =>
  key === runIndexKey(tenant, pipelineId, requestedAt, runId) || key === tenantRunIndexKey(tenant, requestedAt, runId)

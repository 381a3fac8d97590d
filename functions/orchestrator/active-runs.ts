import { activePrefix } from '@convergence/core/names.ts'
import type { Run } from '@convergence/core/run/run.ts'
import type { Stage } from '@convergence/pipeline/stage.ts'

interface ActiveEntry {
  readonly pipelineId: string
  readonly requestedAt: string
}

export interface ActiveRun extends ActiveEntry {
  readonly runId: string
}

/** The other runs of the run's pipeline in the active set, about in the order in which they were asked for. */
export const otherActiveRuns = async (stage: Stage, run: Run): Promise<ActiveRun[]> => {
  const prefix = activePrefix(run.tenant)
  const others: ActiveRun[] = []
  let pageToken: string | undefined
  do {
    const page = await stage.ports.state.list<ActiveEntry>(prefix, pageToken === undefined ? {} : { pageToken })
    for (const { key, value } of page.entries) {
      const runId = key.slice(prefix.length)
      if (value.pipelineId === run.pipelineId && runId !== run.runId) others.push({ ...value, runId })
    }
    pageToken = page.nextPageToken
  } while (pageToken !== undefined)
  return others.toSorted((a, b) => (a.requestedAt < b.requestedAt ? -1 : 1))
}

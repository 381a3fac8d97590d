import type { IngestStep } from '@convergence/core/config/pipeline.ts'
import { quarantinedSlot, type LinkMarker, type PlanHead } from '@convergence/core/plan.ts'
import { inBucket } from '../documents.ts'
import { storeLink, type LinkAddress } from '../process/read-link.ts'
import type { StepContext } from '../stage.ts'

/**
 * Types rows of a quarantine again. They keep the chunk that rejected them, and its window; the position of one that is rejected again
 * is its number among those that are replayed.
 */
export const readQuarantined = async (
  context: StepContext<IngestStep>,
  plan: PlanHead,
  at: LinkAddress,
): Promise<LinkMarker> => {
  const { name, generation, firstRow, chunkId, window } = quarantinedSlot.parse(at.slot)
  const own = plan.window && window ? { ...plan, window: { ...plan.window, ...window } } : plan
  const body = context.ports.objects.read(inBucket(context, name), { generation })
  const input = { format: { format: 'ndjson' }, body, origin: 'quarantine', firstRow } as const
  return storeLink(context, own, { ...at, chunkId }, { input, end: () => ({ unknownColumns: [], requests: 0 }) })
}

import type { IngestStep } from '@convergence/core/config/pipeline.ts'
import { quarantinedName, type StepAddress } from '@convergence/core/names.ts'
import type { PlanHead, QuarantinedSlot } from '@convergence/core/plan.ts'
import type { SlotPlan } from '../connectors/connector.ts'
import { connectorContext, connectorOf } from '../connectors/registry.ts'
import { inBucket } from '../documents.ts'
import { readSlot } from '../plan/read-plan.ts'
import type { StepContext } from '../stage.ts'
import type { QuarantinedRow } from './query-quarantine.ts'

/** Rows in one slot. */
const MOST_ROWS = 5_000

interface Batch {
  readonly chunkId: string
  readonly firstRow: number
  readonly lines: string[]
}

/**
 * Copies rows of a quarantine into objects of the planner's own, and gives a slot for each: rows of one chunk, so that they keep its id
 * and its window. `context` stands at the step of the run that left them.
 */
export async function* slotsOf(
  context: StepContext<IngestStep>,
  { before, attempt, own }: { readonly before: PlanHead; readonly attempt: string; readonly own: StepAddress },
  rows: AsyncIterable<QuarantinedRow>,
): AsyncGenerator<SlotPlan> {
  let index = 0
  for await (const batch of batches(rows)) {
    const ref = inBucket(context, quarantinedName(own, attempt, index++))
    const body = Buffer.from(`${batch.lines.join('\n')}\n`)
    const put = await context.ports.objects.put(ref, body, { ifGeneration: null })
    // After a lost answer it is one's own: the attempt's names are nobody else's.
    const meta = put.outcome === 'written' ? put.meta : await context.ports.objects.head(ref)
    const slot: QuarantinedSlot = {
      name: ref.name,
      generation: meta?.generation ?? '',
      firstRow: batch.firstRow,
      chunkId: batch.chunkId,
      ...(await windowOf(context, before, batch.chunkId)),
    }
    const last = batch.firstRow + batch.lines.length - 1
    yield {
      label: `quarantined rows ${batch.firstRow} to ${last}, of chunk ${batch.chunkId}`,
      slot,
      bytes: body.length,
    }
  }
}

async function* batches(rows: AsyncIterable<QuarantinedRow>): AsyncGenerator<Batch> {
  let batch: Batch | undefined
  let row = 0
  for await (const { chunkId, raw } of rows) {
    row++
    if (batch && (batch.chunkId !== chunkId || batch.lines.length === MOST_ROWS)) {
      yield batch
      batch = undefined
    }
    batch ??= { chunkId, firstRow: row, lines: [] }
    batch.lines.push(raw)
  }
  if (batch) yield batch
}

/** Of an incremental step whose window was cut: the part of the chunk that rejected the rows. */
const windowOf = async (
  context: StepContext<IngestStep>,
  before: PlanHead,
  chunkId: string,
): Promise<Pick<QuarantinedSlot, 'window'>> => {
  const connector = connectorOf(context)
  const chunk = Number(chunkId.slice(chunkId.lastIndexOf('-') + 1))
  if (!before.window || !connector.slotWindow || !Number.isInteger(chunk) || chunk >= before.chunks) return {}
  const { slot } = await readSlot(context, before, chunk)
  const window = connector.slotWindow(connectorContext(context, { plan: before }), slot)
  return window ? { window: { ...window } } : {}
}

import type { IngestStep } from '@convergence/core/config/pipeline.ts'
import { InvalidConfigError, NotFoundError } from '@convergence/core/errors.ts'
import { planName, planShardName } from '@convergence/core/names.ts'
import { planHead, planShard, type PlanHead } from '@convergence/core/plan.ts'
import type { SlotPlan, SourcePlan } from '../connectors/connector.ts'
import { connectorContext, connectorOf, resourceOf } from '../connectors/registry.ts'
import { createDocument } from '../documents.ts'
import { nowIso, type StepContext } from '../stage.ts'
import { settleSchema } from './settle-schema.ts'
import { strategyOf } from './strategy.ts'
import { fitWindow, openWindow } from './window.ts'

/** Slots in one object of the plan. */
export const SHARD_SIZE = 1_000

/**
 * Plans the step: asks the connector for slots, settles the schema before any part exists, and creates the plan. Shards stand under
 * this planner's attempt, then one head, created if absent, names them: of two planners the second adopts the first's head, and its own
 * shards are nobody's. `held`: another run holds the step's cursor.
 */
export const createPlan = async (context: StepContext<IngestStep>): Promise<PlanHead | 'held'> => {
  const strategy = strategyOf(context)
  const opened = await openWindow(context)
  if (opened === 'held') return 'held'
  const connector = connectorOf(context)
  const source = await connector.plan(connectorContext(context, { window: opened?.range, cursor: opened?.cursor }))
  const attempt = context.ports.random.hex(8)
  const slots = await writeShards(context, source, attempt)
  if (!slots.first && !resourceOf(context).allow_empty)
    throw new NotFoundError(
      `${context.step.source} gives nothing to read: nothing matches. Check its glob or windows, or set allow_empty: true if that is right`,
    )
  const schema = await settleSchema(context, slots.first, opened)
  refuseUnknown(schema.names, context, slots.first !== undefined)
  const window = opened && fitWindow(context, opened, schema.schema)
  const head: PlanHead = {
    version: 1,
    attempt,
    shards: slots.shards,
    shardSize: SHARD_SIZE,
    chunks: slots.chunks,
    lanes: Math.min(context.settings.lanes, source.concurrency ?? context.settings.lanes, 100),
    ...(slots.bytes !== undefined && { bytes: slots.bytes }),
    columns: schema.columns,
    schema: schema.schema,
    ignored: [...schema.ignored],
    strictColumns: schema.strictColumns,
    ...(schema.absent.length > 0 && { absent: [...schema.absent] }),
    partitionBy: context.step.load.partition_by,
    clusterBy: context.step.load.cluster_by,
    strategy,
    ...(window?.filter && { window: window.filter }),
    ...(window?.cursor && { cursor: window.cursor }),
    plannedAt: nowIso(context),
  }
  return createDocument(context, planName(context.at), planHead, head)
}

/** Columns that the load names must be in the schema that the data gave; with a schema file `validate` has already looked. */
export const refuseUnknown = (names: ReadonlySet<string>, { step }: StepContext<IngestStep>, hasData = true): void => {
  const { load } = step
  const asked = [
    load.partition_by,
    ...load.cluster_by,
    ...(load.strategy === 'merge' ? [...load.keys, ...load.order_by] : []),
  ]
  const missing = asked.filter((name) => !names.has(name))
  if (missing.length === 0) return
  if (!hasData)
    throw new InvalidConfigError(
      `${step.source} gives nothing to read, and nobody has loaded ${load.dataset}.${load.table} yet: what columns it has beside ${missing.join(', ')} is not known. ` +
        'Name a schema file in load.schema, or run it when there is something to read',
    )
  throw new InvalidConfigError(
    `load of step ${step.step_id} names ${missing.join(', ')}, which the data does not have. It has: ${[...names].join(', ')}`,
  )
}

interface WrittenSlots {
  readonly chunks: number
  readonly shards: number
  readonly first: SlotPlan | undefined
  readonly bytes: number | undefined
}

export const writeShards = async (
  context: StepContext,
  source: Pick<SourcePlan, 'slots'>,
  attempt: string,
): Promise<WrittenSlots> => {
  let batch: SlotPlan[] = []
  let first: SlotPlan | undefined
  let bytes: number | undefined = 0
  let shards = 0
  let chunks = 0
  const flush = async (): Promise<void> => {
    await createDocument(context, planShardName(context.at, attempt, shards), planShard, {
      version: 1,
      slots: batch.map(asDocument),
    })
    shards++
    batch = []
  }
  for await (const slot of source.slots) {
    first ??= slot
    bytes = bytes === undefined || slot.bytes === undefined ? undefined : bytes + slot.bytes
    batch.push(slot)
    chunks++
    if (batch.length === SHARD_SIZE) await flush()
  }
  if (batch.length > 0) await flush()
  return { chunks, shards, first, bytes }
}

const asDocument = ({ label, slot, bytes }: SlotPlan) => ({
  label,
  slot,
  ...(bytes !== undefined && { bytes }),
})

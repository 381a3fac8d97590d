import type { IngestStep } from '@convergence/core/config/pipeline.ts'
import { ConflictError, NotFoundError } from '@convergence/core/errors.ts'
import { stillOurs } from '@convergence/core/ledger.ts'
import { planName } from '@convergence/core/names.ts'
import { planHead, quarantinedSlot, type PlanHead } from '@convergence/core/plan.ts'
import type { PublishStrategy } from '@convergence/core/ports/warehouse.ts'
import type { SlotPlan } from '../connectors/connector.ts'
import { createDocument, inBucket, readDocument } from '../documents.ts'
import { readLedger } from '../load/ledger-store.ts'
import { refuseUnknown, SHARD_SIZE, writeShards } from '../plan/create-plan.ts'
import { settleSchema } from '../plan/settle-schema.ts'
import { strategyOf } from '../plan/strategy.ts'
import { targetOf, type StepContext } from '../stage.ts'
import { queryQuarantine, type QuarantinedRow } from './query-quarantine.ts'
import { slotsOf } from './quarantined-slots.ts'

type Context = StepContext<IngestStep>

/**
 * Plans the replay of the rows that this step of another run left in quarantine: they are copied, so that all attempts type the same, and
 * settled in the schema as it is now. They belong where that run's rows are: its window, its partitions, its plan time. Gives when to ask
 * again while they are being read.
 */
export const planQuarantined = async (
  context: Context,
  runId: string,
): Promise<PlanHead | { readonly waitMs: number }> => {
  const before = await readDocument(context, planName({ ...context.at, runId }), planHead)
  if (!before)
    throw new NotFoundError(`the files of run ${runId} are kept no longer: its quarantined rows cannot be replayed`)
  const partitions = await openPartitions(context, runId, before)
  const rows = await queryQuarantine(context, runId)
  if ('waitMs' in rows) return rows
  return createPlanOf(context, { runId, before, partitions, rows: rows.rows })
}

const createPlanOf = async (
  context: Context,
  found: {
    readonly runId: string
    readonly before: PlanHead
    readonly partitions: readonly string[] | undefined
    readonly rows: AsyncIterable<QuarantinedRow>
  },
): Promise<PlanHead> => {
  const { runId, before, partitions } = found
  const attempt = context.ports.random.hex(8)
  let count = 0
  const counted = async function* (): AsyncGenerator<QuarantinedRow> {
    for await (const row of found.rows) {
      count++
      yield row
    }
  }
  const slots = slotsOf({ ...context, at: { ...context.at, runId } }, { before, attempt, own: context.at }, counted())
  const written = await writeShards(context, { slots }, attempt)
  if (!written.first)
    throw new ConflictError(
      `run ${runId} has no row of step ${context.at.stepId} in quarantine that is left to replay: all were loaded, or never were records`,
    )
  const schema = await settleSchema(context, written.first, undefined, (first) => sampleOf(context, first))
  refuseUnknown(schema.names, context)
  const { window } = before
  const head: PlanHead = {
    version: 1,
    attempt,
    shards: written.shards,
    shardSize: SHARD_SIZE,
    chunks: written.chunks,
    lanes: Math.min(context.settings.lanes, 100),
    columns: schema.columns,
    schema: schema.schema,
    ignored: [...schema.ignored],
    strictColumns: false,
    partitionBy: context.step.load.partition_by,
    clusterBy: context.step.load.cluster_by,
    strategy: addingStrategy(context),
    // A column that the window counts and the schema has no longer cannot keep rows out.
    ...(window && schema.names.has(window.column) && { window }),
    quarantine: { runId, rows: count, ...(partitions && { partitions: [...partitions] }) },
    plannedAt: before.plannedAt,
  }
  return createDocument(context, planName(context.at), planHead, head)
}

/** Rows come to those that are there: nothing is replaced by what was left over. */
const addingStrategy = (context: Context): PublishStrategy => {
  const strategy = strategyOf(context)
  return strategy.type === 'merge' ? strategy : { type: 'append' }
}

/** Of a run that replaced partitions: those that nobody has replaced since. Throws ConflictError when there is none. */
const openPartitions = async (
  context: Context,
  runId: string,
  { strategy, plannedAt }: PlanHead,
): Promise<readonly string[] | undefined> => {
  if (strategy.type !== 'overwrite' || strategy.partitions === 'all') return undefined
  const { book } = await readLedger(context, targetOf(context))
  const open = stillOurs(book, strategy.partitions, Date.parse(plannedAt))
  if (open.length > 0) return open
  throw new ConflictError(
    `the partitions that run ${runId} loaded have been replaced since by a later run: its quarantined rows are not to be added to them`,
  )
}

const sampleOf = async (context: Context, first: SlotPlan) => {
  const { name, generation } = quarantinedSlot.parse(first.slot)
  const body = context.ports.objects.read(inBucket(context, name), { generation })
  return { input: { format: { format: 'ndjson' }, body, origin: first.label, firstRow: 1 } as const }
}

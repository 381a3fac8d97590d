import type { IngestStep } from '@convergence/core/config/pipeline.ts'
import { canonicalJson, type ConfigSnapshot } from '@convergence/core/config/snapshot.ts'
import { fileSlot } from '@convergence/core/file-slot.ts'
import { hash } from '@convergence/core/hash.ts'
import { planName, planShardName, type StepAddress } from '@convergence/core/names.ts'
import { planHead, planShard, type PlanHead } from '@convergence/core/plan.ts'
import { sourceOf as sourceAndResource } from '../connectors/registry.ts'
import { createDocument, readDocument } from '../documents.ts'
import { mapLimited } from '../map-limited.ts'
import { holdCursor } from '../plan/cursor.ts'
import { openStep, type StepContext } from '../stage.ts'

/**
 * The plan of the run that this one replays, as its own: the same slots, window, schema and plan time, so that chunks which that run has
 * done count here. Undefined where nothing is to be taken over: that run never planned the step, its files are gone, the config says
 * something else now, a file of it was replaced, or its cursor has moved since. `held`: another run holds the cursor.
 */
export const takePlan = async (context: StepContext<IngestStep>): Promise<PlanHead | 'held' | undefined> => {
  const before = await openBefore(context)
  if (!before) return undefined
  // Read anew, not remembered: who deletes the files of a run deletes its plans first.
  const plan = await readDocument(context, planName(before.at), planHead)
  if (!plan || plan.quarantine || !readsTheSame(context, before)) return undefined
  if (plan.cursor) {
    const { source, column, table, generation } = plan.cursor
    const hold = await holdCursor(context, { source, column, table })
    if (hold.outcome === 'busy') return 'held'
    if (hold.cursor.generation !== generation) return undefined
  }
  const attempt = context.ports.random.hex(8)
  if (!(await copyShards(context, before.at, plan, attempt))) return undefined
  // A replay of a replay takes over what both have done: a marker that was taken over names the parts of the first.
  return createDocument(context, planName(context.at), planHead, { ...plan, attempt, takenFrom: before.at.runId })
}

const openBefore = async (context: StepContext<IngestStep>): Promise<StepContext<IngestStep> | undefined> => {
  const { from } = context.state
  if (from === undefined) return undefined
  const before = await openStep(context, from, context.at.stepId)
  if (before?.run.tenant !== context.run.tenant || before.step.type !== 'ingest') return undefined
  return before as StepContext<IngestStep>
}

/** Whether a chunk would be read and typed as it was: the same source, the same schema, the same table. How much may fail is no matter. */
const readsTheSame = (context: StepContext<IngestStep>, before: StepContext<IngestStep>): boolean =>
  fingerprint(context) === fingerprint(before)

const fingerprint = ({ step, snapshot }: StepContext<IngestStep>): string => {
  const { max_rejected: _maxRejected, ...load } = step.load
  return hash(
    canonicalJson({ source: step.source, config: sourceOf(step, snapshot), load, schema: schemaOf(step, snapshot) }),
  )
}

const sourceOf = ({ source }: IngestStep, { sources }: ConfigSnapshot): unknown => sources[source.split('.')[0] ?? '']

const schemaOf = ({ load }: IngestStep, { schemas }: ConfigSnapshot): unknown =>
  load.schema === undefined ? null : schemas[load.schema]

/** False: one of them is gone, or names a file that was replaced since. */
const copyShards = async (
  context: StepContext<IngestStep>,
  from: StepAddress,
  plan: PlanHead,
  attempt: string,
): Promise<boolean> => {
  const stands = fileCheck(context)
  for (let index = 0; index < plan.shards; index++) {
    const shard = await readDocument(context, planShardName(from, plan.attempt, index), planShard)
    if (!shard) return false
    const standing = await mapLimited(shard.slots, HEADS, ({ slot }) => stands(slot))
    if (!standing.every(Boolean)) return false
    await createDocument(context, planShardName(context.at, attempt, index), planShard, shard)
  }
  return true
}

/** Files that are looked at at the same time. */
const HEADS = 16

/** Whether a slot's file is still the one that was planned; one file may have many slots. */
const fileCheck = (context: StepContext<IngestStep>): ((slot: unknown) => Promise<boolean>) => {
  const { source } = sourceAndResource(context)
  const seen = new Map<string, Promise<boolean>>()
  return (slot) => {
    const file = fileSlot.safeParse(slot).data
    if (source.type !== 'object_storage' || !file) return Promise.resolve(true)
    const { name, generation } = file
    const known =
      seen.get(name) ??
      context.ports.objects.head({ bucket: source.bucket, name }).then((meta) => meta?.generation === generation)
    seen.set(name, known)
    return known
  }
}

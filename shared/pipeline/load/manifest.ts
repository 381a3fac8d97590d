import { InternalError } from '@convergence/core/errors.ts'
import { hash } from '@convergence/core/hash.ts'
import { jobStem, manifestName, manifestShardName, markerName } from '@convergence/core/names.ts'
import {
  manifestHead,
  manifestShard,
  marker as markerSchema,
  NOTHING,
  type ManifestHead,
  type ManifestShard,
  type Marker,
  type PlanHead,
  type StoredFile,
} from '@convergence/core/plan.ts'
import type { PartRef } from '@convergence/core/ports/warehouse.ts'
import { createDocument, documentExists, inBucket, readDocument, readFrozen } from '../documents.ts'
import { mapLimited } from '../map-limited.ts'
import { carryLaneOn, firstGaps, startLanes, type LaneWork } from '../plan/lanes.ts'
import { addResult } from '../process/add-results.ts'
import { sendEvent, sendTask, type StepContext } from '../stage.ts'

/** Chunks whose markers one task reads, and the most whose parts stand in the head itself. */
const SHARD_SIZE = 1_000
const SHARD_LANES = 10
/**
 * More are read by a task of its own: all lanes may see at the same moment that all are done, and would each read every marker; a task
 * has one name.
 */
const AT_ONCE = 10
/** Markers read at the same time. */
const READS = 16
const MAX_SAMPLES = 20

/**
 * Freezes the manifest of a step: the list of all its parts, once. Up to a thousand chunks at once; beyond that in shards, which are
 * tasks in lanes like the chunks themselves: the first begins the others, and the last has a task after it, which is named by the number
 * that no shard has, for the head. Only what the manifest names exists.
 */
export const freezeManifest = async (context: StepContext, plan: PlanHead): Promise<void> =>
  plan.chunks > AT_ONCE ? sendShard(context, 0) : freezeWhole(context, plan)

const freezeWhole = async (context: StepContext, plan: PlanHead): Promise<void> => {
  const shard = await readMarkers(context, 0, plan.chunks)
  await freezeHead(context, plan, { ...shard, shards: 0, shardFiles: [] })
}

/** One shard's task; the only one of a step that needs no shards. */
export const freezeShard = async (context: StepContext, plan: PlanHead, index: number): Promise<void> => {
  if (plan.chunks <= SHARD_SIZE) return freezeWhole(context, plan)
  const lanes = shardLanes(context, plan)
  if (index >= lanes.total) return freezeShards(context, plan, lanes.total)
  if (index === 0) await startLanes(lanes)
  const name = manifestShardName(context.at, index)
  if (!(await documentExists(context, name))) {
    const from = index * SHARD_SIZE
    await createDocument(
      context,
      name,
      manifestShard,
      await readMarkers(context, from, Math.min(from + SHARD_SIZE, plan.chunks)),
    )
  }
  await carryLaneOn(lanes, index)
}

/** Sends again what may have been lost of a manifest all of whose chunks are there; `tick` makes the names new. */
export const resumeManifest = async (context: StepContext, plan: PlanHead, tick: number): Promise<void> => {
  const lanes = shardLanes(context, plan)
  const gaps = plan.chunks > SHARD_SIZE ? await firstGaps(lanes) : []
  const { runId, stepId } = context.at
  // Without a gap: the head, and the word of it.
  for (const shard of gaps.length > 0 ? gaps : [plan.chunks > SHARD_SIZE ? lanes.total : 0])
    await sendTask(
      context,
      'chunks',
      { type: 'manifest', runId, stepId, shard },
      { name: [runId, stepId, 'manifest', shard, 'again', tick] },
    )
}

const shardLanes = (context: StepContext, plan: PlanHead): LaneWork => {
  const total = Math.ceil(plan.chunks / SHARD_SIZE)
  return {
    total,
    lanes: SHARD_LANES,
    isDone: (shard) => documentExists(context, manifestShardName(context.at, shard)),
    enqueue: (shard) => sendShard(context, shard),
    finish: () => sendShard(context, total),
  }
}

const sendShard = (context: StepContext, shard: number): Promise<void> => {
  const { runId, stepId } = context.at
  const name = [runId, stepId, 'manifest', shard]
  return sendTask(context, 'chunks', { type: 'manifest', runId, stepId, shard }, { name })
}

const freezeShards = async (context: StepContext, plan: PlanHead, shards: number): Promise<void> => {
  // The head of a large step holds the sums only: its parts stay in the shards.
  const read = await mapLimited(range(0, shards), READS, async (index) => {
    const { parts, rejects, ...sums } = await readShard(context, index)
    const sum: ManifestShard = { ...sums, parts: [], rejects: [] }
    return { sum, files: { parts: parts.length, rejects: rejects.length } }
  })
  const sums = read.map(({ sum }) => sum).reduce(addShards)
  await freezeHead(context, plan, { ...sums, shards, shardFiles: read.map(({ files }) => files) })
}

const freezeHead = async (context: StepContext, plan: PlanHead, head: ManifestHead): Promise<void> => {
  if (head.chunks !== plan.chunks)
    throw new InternalError(`the manifest counts ${head.chunks} of ${plan.chunks} chunks`)
  const frozen = await createDocument(context, manifestName(context.at), manifestHead, head)
  await sendStaged(context, frozen)
}

/** Asks for the publish. The stem holds a hash of the manifest: another manifest could never publish under it. */
const sendStaged = (context: StepContext, head: ManifestHead): Promise<void> =>
  sendEvent(context, {
    type: 'step.staged',
    runId: context.run.runId,
    stepId: context.at.stepId,
    stem: stemOf(context, head),
  })

const stemOf = (context: StepContext, head: ManifestHead): string => jobStem(context.at, hash(JSON.stringify(head)))

/** The head of the frozen manifest. Throws when it is not there: a step publishes only what was frozen. */
export const readManifest = async (context: StepContext): Promise<ManifestHead> => {
  const head = await readFrozen(context, manifestName(context.at), manifestHead)
  if (!head) throw new InternalError(`step ${context.at.stepId} has no manifest`)
  return head
}

type Files = 'parts' | 'rejects'

export const countFiles = (head: ManifestHead, files: Files): number => {
  if (head.shards === 0) return head[files].length
  if (head.shardFiles.length !== head.shards)
    throw new InternalError(`the manifest counts the files of ${head.shardFiles.length} of ${head.shards} shards`)
  return head.shardFiles.reduce((sum, shard) => sum + shard[files], 0)
}

/** Files [from, to) of a frozen manifest, in the order of its chunks; reads the shards in which they stand, and no other. */
export const readFiles = async (
  context: StepContext,
  head: ManifestHead,
  files: Files,
  { from, to }: { readonly from: number; readonly to: number } = { from: 0, to: countFiles(head, files) },
): Promise<PartRef[]> => {
  const asPart = ({ name, rows }: StoredFile): PartRef => ({ ...inBucket(context, name), rows })
  if (head.shards === 0) return head[files].slice(from, to).map(asPart)
  let end = 0
  const starts = head.shardFiles.map((shard) => (end += shard[files]) - shard[files])
  const touched = range(0, head.shards).filter((index) => {
    const [start = 0, length = 0] = [starts[index], head.shardFiles[index]?.[files]]
    return length > 0 && start < to && start + length > from
  })
  const read = await mapLimited(touched, READS, async (index) => {
    const start = starts[index] ?? 0
    return (await readShard(context, index))[files].slice(Math.max(0, from - start), to - start).map(asPart)
  })
  return read.flat()
}

const readShard = async (context: StepContext, index: number): Promise<ManifestShard> => {
  const shard = await readDocument(context, manifestShardName(context.at, index), manifestShard)
  if (!shard) throw new InternalError(`shard ${index} of the manifest is missing`)
  return shard
}

const readMarkers = async (context: StepContext, from: number, to: number): Promise<ManifestShard> => {
  const markers = await mapLimited(range(from, to), READS, async (chunk) => {
    const found = await readDocument(context, markerName(context.at, chunk), markerSchema)
    if (!found) throw new InternalError(`chunk ${chunk} has no marker, although its lane's last one is there`)
    return shardOf(found)
  })
  return markers.length === 0 ? EMPTY_SHARD : markers.reduce(addShards)
}

const shardOf = ({ chunk, label, status, error, result }: Marker): ManifestShard => {
  const { max, samples, ...rest } = result
  return {
    version: 1,
    chunks: 1,
    ...rest,
    samples,
    ...(max !== undefined && { max }),
    bytes: result.parts.reduce((sum, part) => sum + part.bytes, 0),
    rejectedChunks: status === 'rejected' ? 1 : 0,
    rejections:
      status === 'rejected'
        ? [{ chunk, label, code: error?.code ?? 'INTERNAL', message: error?.message ?? 'unknown' }]
        : [],
  }
}

const EMPTY_SHARD: ManifestShard = { version: 1, chunks: 0, ...NOTHING, bytes: 0, rejectedChunks: 0, rejections: [] }

const addShards = (a: ManifestShard, b: ManifestShard): ManifestShard => ({
  version: 1,
  chunks: a.chunks + b.chunks,
  ...addResult(a, b, MAX_SAMPLES),
  bytes: a.bytes + b.bytes,
  rejectedChunks: a.rejectedChunks + b.rejectedChunks,
  rejections: [...a.rejections, ...b.rejections].slice(0, MAX_SAMPLES),
})

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, index) => from + index)

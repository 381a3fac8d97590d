import type { IngestStep } from '@convergence/core/config/pipeline.ts'
import { chunkId, partName, rejectName } from '@convergence/core/names.ts'
import type { ChunkResult, LinkMarker, PlanHead, StoredFile } from '@convergence/core/plan.ts'
import type { ProcessedFile, ProcessRequest, ProcessResult } from '@convergence/core/ports/processor.ts'
import { QUARANTINE_CONSTANTS } from '@convergence/core/quarantine.ts'
import { PLATFORM_FIELDS, tableName } from '@convergence/core/table.ts'
import type { Json, LinkEnd, LinkRead } from '../connectors/connector.ts'
import { connectorContext, connectorOf } from '../connectors/registry.ts'
import { inBucket } from '../documents.ts'
import { targetOf, type StepContext } from '../stage.ts'

export interface LinkAddress {
  readonly chunk: number
  readonly link: number
  readonly slot: Json
  readonly continuation?: Json | undefined
}

/** Reads one link through its connector, types it, and stores its parts. Nothing of it exists until a marker names it. */
export const readLink = async (
  context: StepContext<IngestStep>,
  plan: PlanHead,
  at: LinkAddress,
): Promise<LinkMarker> => {
  const connector = connectorOf(context)
  const read = await connector.read(connectorContext(context, { plan }), at.slot, at.continuation)
  return storeLink(context, plan, { ...at, chunkId: chunkId(context.at.stepId, at.chunk) }, read)
}

/** Types what was read, under the id of the chunk that its rows come from, and stores its parts. */
export const storeLink = async (
  context: StepContext<IngestStep>,
  plan: PlanHead,
  at: LinkAddress & { readonly chunkId: string },
  read: LinkRead,
): Promise<LinkMarker> => {
  const processed = await context.ports.processor.process(requestOf(context, plan, read, at))
  try {
    const end = read.end()
    const result = await store(context, at, processed, end)
    return {
      version: 1,
      chunk: at.chunk,
      link: at.link,
      result,
      ...(end.continuation !== undefined && { continuation: end.continuation }),
    }
  } finally {
    await processed.release()
  }
}

const store = async (
  context: StepContext,
  at: LinkAddress,
  processed: ProcessResult,
  end: LinkEnd,
): Promise<ChunkResult> => {
  const attempt = context.ports.random.hex(8)
  const parts = await storeAll(context, processed.parts, (index) =>
    partName(context.at, at.chunk, at.link, attempt, index),
  )
  const rejects = await storeAll(context, processed.rejects, (index) =>
    rejectName(context.at, at.chunk, at.link, attempt, index),
  )
  return {
    parts,
    rejects,
    counts: processed.counts,
    samples: [...processed.samples],
    unknownColumns: [...new Set([...processed.unknownColumns, ...end.unknownColumns])],
    ...(processed.max !== undefined && { max: processed.max }),
    requests: end.requests,
    peakBytes: processed.peakBytes,
  }
}

/** One after another: they are moved, not copied, where store and files share a disk. */
const storeAll = async (
  context: StepContext,
  files: readonly ProcessedFile[],
  nameOf: (index: number) => string,
): Promise<StoredFile[]> => {
  const stored: StoredFile[] = []
  for (const [index, file] of files.entries()) {
    const name = nameOf(index)
    // The name is this attempt's own: what is there already is what it wrote itself, with an answer that was lost.
    const put = await context.ports.objects.put(inBucket(context, name), file.body, { ifGeneration: null })
    const crc32c = put.outcome === 'written' ? put.meta.crc32c : undefined
    stored.push({ name, rows: file.rows, bytes: file.bytes, ...(crc32c !== undefined && { crc32c }) })
  }
  return stored
}

const requestOf = (
  context: StepContext<IngestStep>,
  plan: PlanHead,
  read: LinkRead,
  at: { readonly chunkId: string },
): ProcessRequest => {
  const values: Record<(typeof PLATFORM_FIELDS)[number]['name'], string> = {
    ingestion_date: plan.plannedAt.slice(0, 10),
    _run_id: context.run.runId,
    _chunk_id: at.chunkId,
    _ingested_at: plan.plannedAt,
  }
  const constants = PLATFORM_FIELDS.map((field) => ({ field, value: values[field.name] }))
  const partitions =
    plan.strategy.type === 'overwrite' && plan.strategy.partitions !== 'all'
      ? plan.strategy.partitions
      : plan.quarantine?.partitions
  return {
    input: read.input,
    columns: plan.columns,
    ignored: plan.ignored,
    constants,
    rejectConstants: [
      { field: QUARANTINE_CONSTANTS[0], value: context.at.stepId },
      { field: QUARANTINE_CONSTANTS[1], value: tableName(targetOf(context)) },
      ...constants,
    ],
    ...(plan.window && { window: plan.window }),
    ...(partitions && { partitions: { column: plan.partitionBy, values: partitions } }),
    ...(plan.cursor && plan.cursor.to === undefined && { maxOf: plan.cursor.column }),
  }
}

import { z } from 'zod'
import type { TableSchema } from './table.ts'
import type { TargetColumn } from './ports/processor.ts'
import type { PublishStrategy } from './ports/warehouse.ts'

/**
 * What an ingest step leaves in the object store: a plan written once, a marker a chunk, a manifest frozen once. All are small JSON
 * objects with a version, created if absent; who loses a create adopts what is there.
 */
const counts = z.strictObject({
  fetched: z.int().min(0),
  accepted: z.int().min(0),
  rejected: z.int().min(0),
  filtered: z.int().min(0),
})
export type ChunkCounts = z.infer<typeof counts>

const file = z.strictObject({
  name: z.string(),
  rows: z.int().min(0),
  bytes: z.int().min(0),
  /** As the object store gave it with its answer. */
  crc32c: z.string().optional(),
})
export type StoredFile = z.infer<typeof file>

const rejectedRow = z.strictObject({
  origin: z.string(),
  position: z.number(),
  column: z.string().nullable(),
  value: z.string().nullable(),
  reason: z.string(),
  raw: z.string(),
})

const json = z.json()
/** What only a connector reads: slots and continuations. */
export type Json = z.infer<typeof json>

const slotPlan = z.strictObject({ label: z.string(), slot: json, bytes: z.number().optional() })
export const planShard = z.strictObject({ version: z.literal(1), slots: z.array(slotPlan) })

const windowPlan = z.strictObject({
  column: z.string(),
  start: z.string().optional(),
  end: z.string().optional(),
  onNull: z.enum(['reject', 'include']),
})

/** How far the step had come when it was planned, and where its cursor goes when it is settled. */
const cursorPlan = z.strictObject({
  generation: z.int().min(0),
  from: z.string().optional(),
  /** Undefined: to the largest value seen. */
  to: z.string().optional(),
  source: z.string(),
  column: z.string(),
  table: z.string(),
})

const quarantinePlan = z.strictObject({
  runId: z.string(),
  rows: z.int().min(0),
  /** Partitions that the run replaced and that nobody has replaced since: rows of others stay in quarantine. */
  partitions: z.array(z.string()).optional(),
})

/** A slot of such a plan: an object that the planner made, a row's JSON a line. */
export const quarantinedSlot = z.strictObject({
  name: z.string(),
  generation: z.string(),
  /** Number of its first row. */
  firstRow: z.int().positive(),
  /** Of the chunk that rejected the rows. */
  chunkId: z.string(),
  /** Of that chunk, where the run's window was cut into several. */
  window: z.strictObject({ start: z.string().optional(), end: z.string().optional() }).optional(),
})
export type QuarantinedSlot = z.infer<typeof quarantinedSlot>

/** Names the shards of the planner that came first; everything that must not change under the step is pinned in it. */
export const planHead = z.strictObject({
  version: z.literal(1),
  attempt: z.string(),
  shards: z.int().min(0),
  shardSize: z.int().positive(),
  chunks: z.int().min(0),
  lanes: z.int().positive(),
  /** Bytes of all slots, where every slot knows its own. */
  bytes: z.number().optional(),
  columns: z.custom<readonly TargetColumn[]>((value) => Array.isArray(value)),
  /** The table's whole schema, platform columns included. */
  schema: z.custom<TableSchema>((value) => Array.isArray(value)),
  ignored: z.array(z.string()),
  /** Columns that no target reads fail the step. */
  strictColumns: z.boolean(),
  /** Columns of the schema file that the data has not: NULL in every row. */
  absent: z.array(z.string()).optional(),
  partitionBy: z.string(),
  clusterBy: z.array(z.string()),
  strategy: z.custom<PublishStrategy>((value) => typeof value === 'object' && value !== null),
  window: windowPlan.optional(),
  cursor: cursorPlan.optional(),
  /** Of a replay: the run whose plan this was, and whose done chunks are taken over. */
  takenFrom: z.string().optional(),
  /** Of a replay of rejected rows: whose they are, and how many. */
  quarantine: quarantinePlan.optional(),
  /** ISO instant of the planning: `_ingested_at` of every row, and what decides who is newer. */
  plannedAt: z.string(),
})
export type PlanHead = z.infer<typeof planHead>

const chunkResult = z.strictObject({
  parts: z.array(file),
  rejects: z.array(file),
  counts,
  samples: z.array(rejectedRow),
  unknownColumns: z.array(z.string()),
  max: z.string().optional(),
  requests: z.int().min(0),
  peakBytes: z.number(),
})
export type ChunkResult = z.infer<typeof chunkResult>

/** One link of a slot that only pages forward. */
export const linkMarker = z.strictObject({
  version: z.literal(1),
  chunk: z.int().min(0),
  link: z.int().min(0),
  result: chunkResult,
  /** Absent: the slot's last link. */
  continuation: json.optional(),
})
export type LinkMarker = z.infer<typeof linkMarker>

export const marker = z.strictObject({
  version: z.literal(1),
  chunk: z.int().min(0),
  status: z.enum(['done', 'rejected']),
  label: z.string(),
  /** Of a rejected chunk: nothing. */
  result: chunkResult,
  error: z.strictObject({ code: z.string(), message: z.string() }).optional(),
})
export type Marker = z.infer<typeof marker>

const summary = {
  chunks: z.int().min(0),
  counts,
  samples: z.array(rejectedRow),
  unknownColumns: z.array(z.string()),
  max: z.string().optional(),
  requests: z.int().min(0),
  bytes: z.int().min(0),
  peakBytes: z.number(),
  rejectedChunks: z.int().min(0),
  /** The first of them, for the message. */
  rejections: z.array(z.strictObject({ chunk: z.int(), label: z.string(), code: z.string(), message: z.string() })),
}

/** The parts of up to a thousand chunks. */
export const manifestShard = z.strictObject({
  version: z.literal(1),
  ...summary,
  parts: z.array(file),
  rejects: z.array(file),
})
export type ManifestShard = z.infer<typeof manifestShard>

/** All parts of a step: in the head itself, or in the shards that it counts. */
export const manifestHead = z.strictObject({
  version: z.literal(1),
  ...summary,
  parts: z.array(file),
  rejects: z.array(file),
  /** 0: the parts stand here. */
  shards: z.int().min(0),
  /** How many files each shard names; none without shards. */
  shardFiles: z.array(z.strictObject({ parts: z.int().min(0), rejects: z.int().min(0) })).default([]),
})
export type ManifestHead = z.infer<typeof manifestHead>

/** Why a step stands still; the only object of a step that is replaced, and nothing but a watcher reads it. */
export const waitNote = z.strictObject({
  version: z.literal(1),
  reason: z.string(),
  /** ISO instant. */
  until: z.string(),
})
export type WaitNote = z.infer<typeof waitNote>

export const NOTHING: ChunkResult = {
  parts: [],
  rejects: [],
  counts: { fetched: 0, accepted: 0, rejected: 0, filtered: 0 },
  samples: [],
  unknownColumns: [],
  requests: 0,
  peakBytes: 0,
}

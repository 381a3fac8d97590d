import {
  linkName,
  manifestName,
  markerName,
  planName,
  planShardName,
  type StepAddress,
} from '@convergence/core/names.ts'
import {
  linkMarker,
  manifestHead,
  marker,
  planHead,
  planShard,
  type ChunkCounts,
  type ChunkResult,
  type PlanHead,
} from '@convergence/core/plan.ts'
import type { Run } from '@convergence/core/run/run.ts'
import type { ControlContext } from '../context.ts'
import { readDocument } from '../documents.ts'

/** How far an ingest step has come. */
export interface StepProgress {
  readonly stepId: string
  readonly chunks: { readonly done: number; readonly total: number }
  readonly rows: ChunkCounts
  /** Of the source, as far as the slots know their sizes. */
  readonly bytes: { readonly done: number; readonly total: number } | undefined
  /** Highest memory of a process that typed rows; 0 where unknown. */
  readonly peakBytes: number
}

/** Progress of a run's ingest steps; a step without a plan has none. */
export type ReadProgress = (run: Run) => Promise<StepProgress[]>

/**
 * Reads progress from plans and markers, for somebody who looks again and again: lanes go in order, so each lane's position is
 * remembered, and nothing is read twice.
 */
export const progressReader = (context: ControlContext, bucket: string): ReadProgress => {
  const steps = new Map<string, StepReader>()
  return async (run) => {
    const readers = run.steps
      .filter(({ type }) => type === 'ingest')
      .map(({ stepId }) => {
        const key = `${run.runId}/${stepId}`
        const reader =
          steps.get(key) ?? new StepReader(context, bucket, { tenant: run.tenant, runId: run.runId, stepId })
        steps.set(key, reader)
        return reader
      })
    return (await Promise.all(readers.map((reader) => reader.read()))).filter((one) => one !== undefined)
  }
}

interface Lane {
  /** Chunks of the lane that are done. */
  done: number
  /** Links of the chunk under way, and what they counted. */
  links: number
  open: ChunkCounts
}

const NO_ROWS: ChunkCounts = { fetched: 0, accepted: 0, rejected: 0, filtered: 0 }

class StepReader {
  readonly #context: ControlContext
  readonly #bucket: string
  readonly #at: StepAddress
  readonly #shards = new Map<number, Promise<readonly (number | undefined)[]>>()
  #plan: PlanHead | undefined
  #lanes: Lane[] = []
  #chunks = 0
  #rows = NO_ROWS
  #bytes = 0
  #peakBytes = 0
  #complete = false

  constructor(context: ControlContext, bucket: string, at: StepAddress) {
    this.#context = context
    this.#bucket = bucket
    this.#at = at
  }

  async read(): Promise<StepProgress | undefined> {
    this.#plan ??= await this.#document(planName(this.#at), planHead)
    const plan = this.#plan
    if (!plan) return undefined
    if (this.#lanes.length === 0)
      this.#lanes = Array.from({ length: plan.lanes }, () => ({ done: 0, links: 0, open: NO_ROWS }))
    if (!this.#complete && !(await this.#readManifest(plan)))
      await Promise.all(this.#lanes.map((lane, index) => this.#follow(plan, lane, index)))
    const open = this.#complete ? [] : this.#lanes.map((lane) => lane.open)
    return {
      stepId: this.#at.stepId,
      chunks: { done: this.#chunks, total: plan.chunks },
      rows: [this.#rows, ...open].reduce(addCounts),
      bytes: plan.bytes === undefined ? undefined : { done: this.#bytes, total: plan.bytes },
      peakBytes: this.#peakBytes,
    }
  }

  /** A frozen manifest has all sums. */
  async #readManifest(plan: PlanHead): Promise<boolean> {
    const head = await this.#document(manifestName(this.#at), manifestHead)
    if (!head) return false
    this.#chunks = head.chunks
    this.#rows = head.counts
    this.#peakBytes = head.peakBytes
    this.#bytes = plan.bytes ?? 0
    this.#complete = true
    return true
  }

  async #follow(plan: PlanHead, lane: Lane, index: number): Promise<void> {
    for (;;) {
      const chunk = index + lane.done * plan.lanes
      if (chunk >= plan.chunks) return
      const found = await this.#document(markerName(this.#at, chunk), marker)
      if (!found) return this.#followLinks(lane, chunk)
      // Read first: `+=` around an await would lose what the other lanes add meanwhile.
      const bytes = (await this.#slotBytes(plan, chunk)) ?? 0
      this.#bytes += bytes
      this.#add(found.result)
      this.#chunks++
      Object.assign(lane, { done: lane.done + 1, links: 0, open: NO_ROWS })
    }
  }

  async #followLinks(lane: Lane, chunk: number): Promise<void> {
    for (;;) {
      const link = await this.#document(linkName(this.#at, chunk, lane.links), linkMarker)
      if (!link) return
      lane.links++
      lane.open = addCounts(lane.open, link.result.counts)
    }
  }

  #add({ counts, peakBytes }: ChunkResult): void {
    this.#rows = addCounts(this.#rows, counts)
    this.#peakBytes = Math.max(this.#peakBytes, peakBytes)
  }

  async #slotBytes(plan: PlanHead, chunk: number): Promise<number | undefined> {
    if (plan.bytes === undefined) return undefined
    const index = Math.floor(chunk / plan.shardSize)
    const shard = this.#shards.get(index) ?? this.#readShard(plan, index)
    this.#shards.set(index, shard)
    return (await shard)[chunk % plan.shardSize]
  }

  async #readShard(plan: PlanHead, index: number): Promise<readonly (number | undefined)[]> {
    const shard = await this.#document(planShardName(this.#at, plan.attempt, index), planShard)
    return (shard?.slots ?? []).map(({ bytes }) => bytes)
  }

  #document<T>(name: string, schema: { parse(value: unknown): T }): Promise<T | undefined> {
    return readDocument(this.#context, this.#bucket, name, schema)
  }
}

const addCounts = (a: ChunkCounts, b: ChunkCounts): ChunkCounts => ({
  fetched: a.fetched + b.fetched,
  accepted: a.accepted + b.accepted,
  rejected: a.rejected + b.rejected,
  filtered: a.filtered + b.filtered,
})

import { NotFoundError, UnavailableError } from '@convergence/core/errors.ts'
import type { ObjectMeta, ObjectRef, ObjectStore } from '@convergence/core/ports/object-store.ts'
import { Arena } from './arena.ts'
import { CompactMap } from './compact-map.ts'
import { Rate, type Meter } from './meter.ts'
import {
  DOUBLING_MS,
  FILE_BYTES,
  LATENCY_MS,
  MS_PER_WRITE_OF_A_NAME,
  READS_PER_SECOND,
  WRITES_PER_SECOND,
} from './model.ts'
import type { SimulatedTime } from './simulated-time.ts'

export const DROPS = 'drops'
const LIST_PAGE = 1_000
/** Of the plan. */
const SHARD_SLOTS = 1_000
const HEADER = Buffer.from('id,day,amount\n1,2026-01-01,1\n')

/** Parts have no body: their path says how long they would be. */
export const modelledFile = (bytes: number): { path: string } => ({ path: `modelled/${bytes}` })

/**
 * A bucket of the platform, with its documents in an arena and its parts as lengths, and a bucket of drops with as many files as the
 * model says, which nobody has to keep.
 */
export class ScaleObjects {
  readonly writes: Rate
  readonly reads: Rate
  readonly arena = new Arena()
  /** Files that were listed, and slots that have been written into shards: the difference is in the planner's hands. */
  listed = 0
  planned = 0
  readonly #files: number
  readonly #time: SimulatedTime
  readonly #meter: Meter
  /** Where the body is, plus one; of a modelled file its length, negative. */
  readonly #bodies = new CompactMap()
  readonly #writtenMs = new CompactMap()
  #generations = 0

  constructor(files: number, time: SimulatedTime, meter: Meter) {
    this.#files = files
    this.#time = time
    this.#meter = meter
    const startMs = time.nowMs
    const growing = (first: number) => (nowMs: number) => first * 2 ** Math.floor((nowMs - startMs) / DOUBLING_MS)
    this.writes = new Rate(growing(WRITES_PER_SECOND))
    this.reads = new Rate(growing(READS_PER_SECOND))
  }

  /** As one process sees it: what it keeps of documents, it keeps by this object. */
  view(): ObjectStore {
    return {
      put: (ref, body, { ifGeneration }) => this.#put(ref, body, ifGeneration),
      head: async (ref) => {
        this.#meter.count(`object head ${kindOf(ref.name)}`)
        await this.#time.sleep(LATENCY_MS.head + this.reads.take(this.#time.nowMs))
        return this.#metaOf(ref)
      },
      read: (ref) => this.#read(ref),
      list: (bucket, prefix, options) => this.#list(bucket, prefix, options?.pageToken),
      delete: () => Promise.reject(new Error('nothing of a run is deleted while it runs')),
    }
  }

  async #put(
    ref: ObjectRef,
    body: Parameters<ObjectStore['put']>[1],
    ifGeneration: string | null,
  ): ReturnType<ObjectStore['put']> {
    const kind = kindOf(ref.name)
    const bytes = body instanceof Uint8Array ? body.length : Number(body.path.split('/')[1])
    this.#meter.count(`object put ${kind}`, bytes)
    await this.#time.sleep(LATENCY_MS.put + this.writes.take(this.#time.nowMs))
    const standing = this.#bodies.get(ref.name)
    const generation = standing === undefined ? null : String(this.#writtenMs.get(`g ${ref.name}`))
    if (generation !== ifGeneration) return { outcome: 'conflict' }
    // Only what can be written again is worth remembering by the time of its writing.
    if (kind === 'wait note') {
      if (this.#isTooSoon(ref.name, kind))
        throw new UnavailableError(`429: ${ref.name} was written less than a second ago`)
      this.#noteWrite(ref.name)
    }
    if (kind === 'plan shard') this.planned += SHARD_SLOTS
    this.#bodies.set(ref.name, body instanceof Uint8Array ? this.arena.put(body) + 1 : -bytes)
    return { outcome: 'written', meta: { ...ref, generation: '1', size: bytes, updatedMs: this.#time.nowMs } }
  }

  #isTooSoon(name: string, kind: string): boolean {
    const before = this.#writtenMs.get(name)
    const isSoon = before !== undefined && this.#time.nowMs - before < MS_PER_WRITE_OF_A_NAME
    if (isSoon) this.#meter.tooSoon(kind)
    return isSoon
  }

  #noteWrite(name: string): void {
    this.#writtenMs.set(name, this.#time.nowMs)
    this.#writtenMs.set(`g ${name}`, ++this.#generations)
  }

  #metaOf(ref: ObjectRef): ObjectMeta | undefined {
    const at = this.#bodies.get(ref.name)
    if (at === undefined) return undefined
    const size = at < 0 ? -at : this.arena.get(at - 1).length
    const generation = String(this.#writtenMs.get(`g ${ref.name}`) ?? 1)
    return { ...ref, generation, size, updatedMs: this.#writtenMs.get(ref.name) ?? this.#time.nowMs }
  }

  async *#read(ref: ObjectRef): AsyncGenerator<Uint8Array> {
    const kind = ref.bucket === DROPS ? 'file' : kindOf(ref.name)
    await this.#time.sleep(LATENCY_MS.read + this.reads.take(this.#time.nowMs))
    if (ref.bucket === DROPS) {
      this.#meter.count(`object read ${kind}`, FILE_BYTES)
      yield HEADER
      return
    }
    const at = this.#bodies.get(ref.name)
    if (at === undefined || at < 0) {
      this.#meter.count(`object read ${kind}`, 0)
      throw new NotFoundError(`no object ${ref.name}`)
    }
    const body = this.arena.get(at - 1)
    this.#meter.count(`object read ${kind}`, body.length)
    yield body
  }

  async #list(bucket: string, prefix: string, pageToken: string | undefined): ReturnType<ObjectStore['list']> {
    if (bucket !== DROPS) throw new Error(`a run does not list ${bucket}/${prefix}: it grows with the chunks`)
    this.#meter.count('object list')
    await this.#time.sleep(LATENCY_MS.list + this.reads.take(this.#time.nowMs))
    const from = Number(pageToken ?? 0)
    const to = Math.min(from + LIST_PAGE, this.#files)
    this.listed = to
    const objects = Array.from({ length: to - from }, (_, index): ObjectMeta => {
      const name = `${prefix}${String(from + index).padStart(8, '0')}.csv`
      return { bucket, name, generation: '1700000000000000', size: FILE_BYTES, updatedMs: this.#time.nowMs }
    })
    return { objects, ...(to < this.#files && { nextPageToken: String(to) }) }
  }
}

const KINDS: readonly (readonly [RegExp, string])[] = [
  [/\/marker\.json$/, 'marker'],
  [/\/link-\d+\.json$/, 'link'],
  [/\.parquet$/, 'part'],
  [/\/plan\.json$/, 'plan head'],
  [/\/plan\/[^/]+\/\d+\.json$/, 'plan shard'],
  [/\/manifest\.json$/, 'manifest head'],
  [/\/manifest\//, 'manifest shard'],
  [/\/wait\.json$/, 'wait note'],
]

const kindOf = (name: string): string => KINDS.find(([pattern]) => pattern.test(name))?.[1] ?? 'other'

import { NotFoundError } from '@convergence/core/errors.ts'
import type { ObjectBody, ObjectMeta, ObjectRef, ObjectStore, PutResult } from '@convergence/core/ports/object-store.ts'
import type { Fiber } from './fiber.ts'
import { keyOf as hash, within } from './prng.ts'
import { Pace } from './state-store.ts'
import type { World } from './world.ts'

interface StoredObject {
  readonly meta: ObjectMeta
  readonly body: Uint8Array
}

const PAGE = 3

/** Objects as Cloud Storage keeps them: generations, one write of a name a second, listings by page. Keys are `bucket/name`. */
export class SimObjects extends Map<string, StoredObject> {
  /** Called at each write through the port, before it: the checkers look here. */
  onPut: (key: string, isNew: boolean, body: Uint8Array) => void = () => {}
  readonly #world: World
  readonly #pace: Pace
  readonly #writes = new Map<string, number>()

  constructor(world: World) {
    super()
    this.#world = world
    this.#pace = new Pace(world)
  }

  bodyOf(ref: ObjectRef): Uint8Array {
    return this.#body(ref, {})
  }

  putObject(ref: ObjectRef, body: Uint8Array): ObjectMeta {
    const key = keyOf(ref)
    const writes = (this.#writes.get(key) ?? 0) + 1
    this.#writes.set(key, writes)
    // Of its name alone: ids of runs hang on it, and must not change when something else was not uploaded.
    const generation = String(within(hash(key), writes))
    const meta = { ...ref, generation, size: body.length, updatedMs: this.#world.nowMs }
    this.set(key, { meta, body })
    return meta
  }

  portOf(fiber: Fiber): ObjectStore {
    const body = this.#body.bind(this)
    return {
      put: (ref, bytes, { ifGeneration }) =>
        fiber.call(`object put ${ref.name}`, () => this.#put(ref, bytes, ifGeneration), 'write'),
      head: (ref) => fiber.call(`object head ${ref.name}`, () => this.get(keyOf(ref))?.meta, 'read'),
      read: async function* (ref, options = {}) {
        yield await fiber.call(`object read ${ref.name}`, () => body(ref, options), 'read')
      },
      list: (bucket, prefix, options = {}) =>
        fiber.call(`object list ${prefix}`, () => this.#list(bucket, prefix, options.pageToken), 'read'),
      delete: (ref, generation) =>
        fiber.call(`object delete ${ref.name}`, () => this.#delete(ref, generation), 'write'),
    }
  }

  #put(ref: ObjectRef, body: ObjectBody, ifGeneration: string | null): PutResult {
    if (!(body instanceof Uint8Array)) throw new Error('the simulation has no files')
    if ((this.get(keyOf(ref))?.meta.generation ?? null) !== ifGeneration) return { outcome: 'conflict' }
    this.#pace.write(keyOf(ref))
    this.onPut(keyOf(ref), ifGeneration === null, body)
    return { outcome: 'written', meta: this.putObject(ref, body) }
  }

  #body(ref: ObjectRef, { start, end, generation }: { start?: number; end?: number; generation?: string }): Uint8Array {
    const found = this.get(keyOf(ref))
    if (found && (generation === undefined || generation === found.meta.generation))
      return found.body.subarray(start ?? 0, end)
    throw new NotFoundError(`no object ${ref.name}${generation === undefined ? '' : ` of generation ${generation}`}`)
  }

  #list(bucket: string, prefix: string, pageToken: string | undefined) {
    const start = `${bucket}/${prefix}`
    const after = pageToken === undefined ? '' : `${bucket}/${pageToken}`
    const keys = [...this.keys()].filter((key) => key.startsWith(start) && key > after).toSorted()
    const objects = keys.slice(0, PAGE).flatMap((key) => this.get(key)?.meta ?? [])
    return { objects, ...(keys.length > PAGE && { nextPageToken: objects.at(-1)?.name }) }
  }

  #delete(ref: ObjectRef, generation: string): boolean {
    const standing = this.get(keyOf(ref))
    if (!standing) return true
    if (standing.meta.generation !== generation) return false
    this.#pace.write(keyOf(ref))
    return this.delete(keyOf(ref))
  }
}

const keyOf = ({ bucket, name }: ObjectRef): string => `${bucket}/${name}`

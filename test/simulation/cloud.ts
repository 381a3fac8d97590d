import type { ConfigSnapshot } from '@convergence/core/config/snapshot.ts'
import { NotFoundError } from '@convergence/core/errors.ts'
import type { Message, Queue, Task } from '@convergence/core/messages.ts'
import type { Ports } from '@convergence/core/ports/index.ts'
import type { ObjectMeta, ObjectRef } from '@convergence/core/ports/object-store.ts'
import type { Log } from '@convergence/core/ports/log.ts'
import { processCsv, sampleCsv } from './processor.ts'
import { Tables } from './tables.ts'
import type { Fiber, World } from './world.ts'

const TASK_NAME_MS = 3_600_000

interface StoredObject {
  readonly meta: ObjectMeta
  readonly body: Uint8Array
}

/** Everything that outlives a process: state, objects, the warehouse, names of tasks. */
export class Cloud {
  readonly world: World
  readonly state = new Map<string, { value: unknown; version: string }>()
  readonly objects = new Map<string, StoredObject>()
  readonly tables: Tables
  readonly snapshots: ReadonlyMap<string, ConfigSnapshot>
  /** Called at each write of the state, before it: the checkers look here. */
  onState: (key: string, before: unknown, after: unknown) => void = () => {}
  readonly #taskNames = new Map<string, number>()
  #versions = 0

  constructor(world: World, snapshots: ReadonlyMap<string, ConfigSnapshot>) {
    this.world = world
    this.snapshots = snapshots
    this.tables = new Tables(world, (ref) => this.bodyOf(ref))
  }

  bodyOf({ bucket, name }: ObjectRef): Uint8Array {
    const found = this.objects.get(`${bucket}/${name}`)
    if (!found) throw new NotFoundError(`no object ${bucket}/${name}`)
    return found.body
  }

  putObject(ref: ObjectRef, body: Uint8Array): ObjectMeta {
    const meta = { ...ref, generation: String(++this.#versions), size: body.length, updatedMs: this.world.nowMs }
    this.objects.set(`${ref.bucket}/${ref.name}`, { meta, body })
    return meta
  }

  /** The ports as one process sees them. */
  portsOf(fiber: Fiber): Ports {
    const { world } = this
    return {
      clock: { nowMs: () => world.nowMs + fiber.skewMs },
      random: { hex: (length) => world.random.hex(length) },
      log: silent,
      state: this.#stateOf(fiber),
      objects: this.#objectsOf(fiber),
      bus: {
        publish: (topic, message) =>
          fiber.call(`publish ${topic} ${message.type}`, () => world.deliver({ topic }, wire(message), 0), 'write'),
      },
      tasks: {
        enqueue: (queue, task, { name, delayMs = 0 }) =>
          fiber.call(`enqueue ${queue} ${task.type}`, () => this.#enqueue(queue, task, name, delayMs), 'write'),
      },
      configs: {
        current: (tenant) => fiber.call('config current', () => this.#snapshot((one) => one.tenant === tenant), 'read'),
        load: (tenant, hash) =>
          fiber.call('config load', () => this.#snapshot((one) => one.tenant === tenant && one.hash === hash), 'read'),
      },
      secrets: { get: (_, name) => Promise.reject(new NotFoundError(`no secret ${name}`)), invalidate: () => {} },
      http: { request: ({ url }) => Promise.reject(new NotFoundError(`nothing listens at ${url}`)) },
      processor: {
        process: async (request) => {
          const result = await processCsv(request)
          return fiber.call('process', () => result, 'read')
        },
        sample: (input, limit) => sampleCsv(input, limit),
        close: () => Promise.resolve(),
      },
      warehouse: this.tables.portOf(fiber),
    }
  }

  #snapshot(fits: (snapshot: ConfigSnapshot) => boolean): ConfigSnapshot {
    const found = [...this.snapshots.values()].find(fits)
    if (!found) throw new NotFoundError('no such config')
    return found
  }

  #enqueue(queue: Queue, task: Task, name: string, delayMs: number): 'enqueued' | 'exists' {
    const key = `${queue}/${name}`
    const used = this.#taskNames.get(key)
    if (used !== undefined && this.world.nowMs - used < TASK_NAME_MS) return 'exists'
    this.#taskNames.set(key, this.world.nowMs)
    this.world.deliver({ queue }, wire(task), delayMs)
    return 'enqueued'
  }

  #stateOf(fiber: Fiber): Ports['state'] {
    const entryOf = (key: string) => {
      const found = this.state.get(key)
      return found && { key, value: structuredClone(found.value) as never, version: found.version }
    }
    return {
      get: (key) => fiber.call(`state get ${key}`, () => entryOf(key), 'read'),
      compareAndSet: (key, expected, value) =>
        fiber.call(
          `state set ${key}`,
          () => {
            const standing = this.state.get(key)
            if ((standing?.version ?? null) !== expected) return { outcome: 'conflict', current: entryOf(key) } as const
            this.onState(key, standing?.value, value)
            const version = String(++this.#versions)
            this.state.set(key, { value: structuredClone(value), version })
            return { outcome: 'written', version } as const
          },
          'write',
        ),
      delete: (key, expected) =>
        fiber.call(
          `state delete ${key}`,
          () => {
            const standing = this.state.get(key)
            if (standing && standing.version !== expected) return false
            this.state.delete(key)
            return true
          },
          'write',
        ),
      list: (prefix) =>
        fiber.call(
          `state list ${prefix}`,
          () => ({
            entries: [...this.state.keys()]
              .filter((key) => key.startsWith(prefix))
              .toSorted()
              .flatMap((key) => entryOf(key) ?? []),
          }),
          'read',
        ),
    }
  }

  #objectsOf(fiber: Fiber): Ports['objects'] {
    const key = ({ bucket, name }: ObjectRef) => `${bucket}/${name}`
    const read = (ref: ObjectRef, options: { start?: number; end?: number; generation?: string } = {}) =>
      fiber.call(
        `object read ${ref.name}`,
        () => {
          const found = this.objects.get(key(ref))
          if (!found || (options.generation !== undefined && options.generation !== found.meta.generation))
            throw new NotFoundError(
              `no object ${ref.name}${options.generation === undefined ? '' : ` of generation ${options.generation}`}`,
            )
          return found.body.subarray(options.start ?? 0, options.end)
        },
        'read',
      )
    return {
      put: (ref, body, { ifGeneration }) =>
        fiber.call(
          `object put ${ref.name}`,
          () => {
            if (!(body instanceof Uint8Array)) throw new Error('the simulation has no files')
            const standing = this.objects.get(key(ref))
            if ((standing?.meta.generation ?? null) !== ifGeneration) return { outcome: 'conflict' } as const
            return { outcome: 'written', meta: this.putObject(ref, body) } as const
          },
          'write',
        ),
      head: (ref) => fiber.call(`object head ${ref.name}`, () => this.objects.get(key(ref))?.meta, 'read'),
      read: async function* (ref, options) {
        yield await read(ref, options)
      },
      list: (bucket, prefix, { pageToken } = {}) =>
        fiber.call(
          `object list ${prefix}`,
          () => {
            const all = [...this.objects.values()]
              .map(({ meta }) => meta)
              .filter((meta) => meta.bucket === bucket && meta.name.startsWith(prefix))
            const rest = all
              .toSorted((a, b) => (a.name < b.name ? -1 : 1))
              .filter(({ name }) => pageToken === undefined || name > pageToken)
            const objects = rest.slice(0, 3)
            return { objects, ...(rest.length > 3 && { nextPageToken: objects.at(-1)?.name }) }
          },
          'read',
        ),
      delete: (ref) => fiber.call(`object delete ${ref.name}`, () => this.objects.delete(key(ref)), 'write'),
    }
  }
}

/** What crosses a wire is a copy. */
const wire = (value: Message | Task): unknown => JSON.parse(JSON.stringify(value))

const silent: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {}, with: () => silent }

import type { StateEntry, StateStore } from '@convergence/core/ports/state-store.ts'
import { TooManyWrites, type Fiber } from './fiber.ts'
import { keyOf } from './prng.ts'
import type { World } from './world.ts'

/** Entries of a page, unless the reader asks for more: few, so that there are several pages. */
const PAGE = 4

/** State as Cloud Storage keeps it: documents with generations, written once a second at most, listed by page. */
export class SimState extends Map<string, { readonly value: unknown; readonly version: string }> {
  /** Called at each write, before it: the checkers look here. */
  onWrite: (key: string, before: unknown, after: unknown) => void = () => {}
  readonly #world: World
  readonly #pace: Pace
  #versions = 0

  constructor(world: World) {
    super()
    this.#world = world
    this.#pace = new Pace(world)
  }

  portOf(fiber: Fiber): StateStore {
    return {
      get: (key) => fiber.call(`state get ${key}`, () => this.#entry(key) as never, 'read'),
      compareAndSet: (key, expected, value) =>
        fiber.call(`state set ${key}`, () => this.#compareAndSet(key, expected, value) as never, 'write'),
      delete: (key, expected) => fiber.call(`state delete ${key}`, () => this.#delete(key, expected), 'write'),
      list: (prefix, options = {}) =>
        fiber.call(`state list ${prefix}`, () => this.#list(prefix, options) as never, 'read'),
    }
  }

  /** Somebody else's write, whatever stands there. */
  write(key: string, value: unknown): string {
    const version = String(++this.#versions)
    this.set(key, { value, version })
    return version
  }

  #entry(key: string): StateEntry | undefined {
    const found = this.get(key)
    return found && { key, ...found }
  }

  #compareAndSet(key: string, expected: string | null, value: unknown) {
    const standing = this.get(key)
    if (standing?.version === expected && this.#someoneWasFaster(key, standing)) this.write(key, standing.value)
    if ((this.get(key)?.version ?? null) !== expected) return { outcome: 'conflict', current: this.#entry(key) }
    this.#pace.write(key)
    this.onWrite(key, standing?.value, value)
    return { outcome: 'written', version: this.write(key, frozen(JSON.parse(JSON.stringify(value)))) }
  }

  #someoneWasFaster(key: string, { version }: { version: string }): boolean {
    const happens = this.#world.faults.happens('competitor', keyOf(`${key} ${version}`), () => key)
    if (happens) this.#world.count('competing writer')
    return happens
  }

  #delete(key: string, expected: string): boolean {
    const standing = this.get(key)
    if (!standing) return true
    if (standing.version !== expected) return false
    this.#pace.write(key)
    return this.delete(key)
  }

  #list(prefix: string, { pageToken, limit = PAGE }: { pageToken?: string; limit?: number }) {
    const all = [...this.keys()].filter((key) => key.startsWith(prefix) && (pageToken === undefined || key > pageToken))
    const keys = all.toSorted().slice(0, limit)
    const entries = keys.flatMap((key) => this.#entry(key) ?? [])
    return { entries, ...(all.length > keys.length && { nextPageToken: keys.at(-1) }) }
  }
}

/** About one write of a name a second; more are refused. */
export class Pace {
  readonly #world: World
  readonly #writtenMs = new Map<string, number>()

  constructor(world: World) {
    this.#world = world
  }

  write(name: string): void {
    const last = this.#writtenMs.get(name)
    if (last !== undefined && this.#world.nowMs - last < 1_000) throw new TooManyWrites(name)
    this.#writtenMs.set(name, this.#world.nowMs)
  }
}

/** What is read is shared by all who read it. */
const frozen = <T>(value: T): T => {
  if (typeof value !== 'object' || value === null) return value
  for (const part of Object.values(value)) frozen(part)
  return Object.freeze(value)
}

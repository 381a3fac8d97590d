import type { CasResult, StateEntry, StateStore } from '@convergence/core/ports/state-store.ts'
import type { Meter } from './meter.ts'
import { LATENCY_MS, MS_PER_WRITE_OF_A_NAME } from './model.ts'
import type { SimulatedTime } from './simulated-time.ts'

/** Documents of the state, as objects of Cloud Storage: each is written once a second at most. */
export class ScaleState implements StateStore {
  readonly #entries = new Map<string, { text: string; version: string; writtenMs: number }>()
  readonly #time: SimulatedTime
  readonly #meter: Meter
  /** Grows with every write. */
  writes = 0

  constructor(time: SimulatedTime, meter: Meter) {
    this.#time = time
    this.#meter = meter
  }

  async get<T>(key: string): Promise<StateEntry<T> | undefined> {
    this.#meter.count(`state get ${kindOf(key)}`)
    await this.#time.sleep(LATENCY_MS.stateGet)
    return this.peek(key)
  }

  /** Written before the run, by nobody who counts. */
  place(key: string, value: unknown): void {
    this.#entries.set(key, { text: JSON.stringify(value), version: '0', writtenMs: 0 })
  }

  /** What stands there, at once: for whoever looks on. */
  peek<T>(key: string): StateEntry<T> | undefined {
    const found = this.#entries.get(key)
    return found && { key, value: JSON.parse(found.text) as T, version: found.version }
  }

  async compareAndSet<T>(key: string, expected: string | null, value: T): Promise<CasResult<T>> {
    const kind = kindOf(key)
    const text = JSON.stringify(value)
    this.#meter.count(`state set ${kind}`, text.length)
    await this.#time.sleep(LATENCY_MS.stateSet)
    await this.#turnOf(key, kind)
    const standing = this.#entries.get(key)
    if ((standing?.version ?? null) !== expected) return { outcome: 'conflict', current: this.peek(key) }
    const version = String(++this.writes)
    this.#entries.set(key, { text, version, writtenMs: this.#time.nowMs })
    return { outcome: 'written', version }
  }

  /** A second write within a second is refused: then the client waits, and tries again. */
  async #turnOf(key: string, kind: string): Promise<void> {
    for (;;) {
      const standing = this.#entries.get(key)
      if (!standing || this.#time.nowMs - standing.writtenMs >= MS_PER_WRITE_OF_A_NAME) return
      this.#meter.tooSoon(kind)
      await this.#time.sleep(MS_PER_WRITE_OF_A_NAME)
    }
  }

  async delete(key: string): Promise<boolean> {
    this.#meter.count(`state delete ${kindOf(key)}`)
    await this.#time.sleep(LATENCY_MS.stateSet)
    this.#entries.delete(key)
    return true
  }

  async list<T>(prefix: string): Promise<{ entries: StateEntry<T>[] }> {
    this.#meter.count(`state list ${kindOf(prefix)}`)
    await this.#time.sleep(LATENCY_MS.stateList)
    const keys = [...this.#entries.keys()].filter((key) => key.startsWith(prefix)).toSorted()
    return { entries: keys.flatMap((key) => this.peek<T>(key) ?? []) }
  }
}

const kindOf = (key: string): string => key.split('/')[0] ?? key

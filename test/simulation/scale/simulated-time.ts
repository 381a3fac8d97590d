import { Prng } from '../prng.ts'

/** Events that are this near to each other go on together: no call takes less, so none of them can cause one of the others. */
const LOOKAHEAD_MS = 4

/**
 * Time that moves only from event to event. A heap of what is due; handlers wait in it as promises, by the million.
 */
export class SimulatedTime {
  nowMs: number
  /** Called between events now and then, for measurements of this process. */
  onTurn: () => void = () => {}
  readonly #random = new Prng(1)
  readonly #due: number[] = []
  readonly #resume: (() => void)[] = []

  constructor(startMs: number) {
    this.nowMs = startMs
  }

  /** About so long: between 0.7 and 1.5 times. */
  sleep(ms: number): Promise<void> {
    const tookMs = ms * (0.7 + 0.8 * this.#random.next())
    return new Promise((resolve) => this.at(this.nowMs + Math.max(tookMs, LOOKAHEAD_MS), resolve))
  }

  at(dueMs: number, resume: () => void): void {
    let index = this.#due.length
    this.#due.push(dueMs)
    this.#resume.push(resume)
    while (index > 0) {
      const parent = (index - 1) >> 1
      if ((this.#due[parent] as number) <= dueMs) break
      this.#swap(index, parent)
      index = parent
    }
  }

  /** Until nothing is due, or `until` says so. */
  async run(until: () => boolean): Promise<void> {
    while (this.#due.length > 0 && !until()) {
      const end = (this.#due[0] as number) + LOOKAHEAD_MS
      while (this.#due.length > 0 && (this.#due[0] as number) < end) this.#next()
      this.onTurn()
      // Everything that can go on without a port call has gone on when the event loop turns.
      await new Promise<void>((resolve) => setImmediate(resolve))
    }
  }

  #next(): void {
    const [dueMs] = this.#due as [number]
    const [resume] = this.#resume as [() => void]
    const last = this.#due.length - 1
    this.#swap(0, last)
    this.#due.pop()
    this.#resume.pop()
    this.#sink(last)
    this.nowMs = Math.max(this.nowMs, dueMs)
    resume()
  }

  #sink(length: number): void {
    for (let index = 0; ;) {
      const left = 2 * index + 1
      if (left >= length) return
      const right = left + 1
      const least = right < length && (this.#due[right] as number) < (this.#due[left] as number) ? right : left
      if ((this.#due[index] as number) <= (this.#due[least] as number)) return
      this.#swap(index, least)
      index = least
    }
  }

  #swap(a: number, b: number): void {
    const [dueMs, resume] = [this.#due[a] as number, this.#resume[a] as () => void]
    this.#due[a] = this.#due[b] as number
    this.#resume[a] = this.#resume[b] as () => void
    this.#due[b] = dueMs
    this.#resume[b] = resume
  }
}

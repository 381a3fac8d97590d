/** What a run asked of its stores: calls and bytes by what they were about, and the largest of each. */
export interface Tally {
  calls: number
  bytes: number
  maxBytes: number
}

export class Meter {
  readonly tallies = new Map<string, Tally>()
  /** Refused writes: of one object, within a second of the last one. By what it is. */
  readonly refused = new Map<string, number>()
  failures = 0

  count(what: string, bytes = 0): void {
    const tally = this.tallies.get(what) ?? { calls: 0, bytes: 0, maxBytes: 0 }
    this.tallies.set(what, tally)
    tally.calls++
    tally.bytes += bytes
    tally.maxBytes = Math.max(tally.maxBytes, bytes)
  }

  tooSoon(what: string): void {
    this.refused.set(what, (this.refused.get(what) ?? 0) + 1)
  }

  callsOf(what: string): number {
    return this.tallies.get(what)?.calls ?? 0
  }

  /** The largest of all that begin so. */
  maxBytesOf(prefix: string): number {
    return Math.max(0, ...[...this.tallies].filter(([what]) => what.startsWith(prefix)).map(([, one]) => one.maxBytes))
  }
}

/** A rate as a queue of one: who comes too early waits. */
export class Rate {
  /** Waited for it, in all. */
  waitedMs = 0
  readonly #perSecond: (nowMs: number) => number
  #freeMs = 0

  constructor(perSecond: (nowMs: number) => number) {
    this.#perSecond = perSecond
  }

  /** Milliseconds until it is one's turn. */
  take(nowMs: number): number {
    const turnMs = Math.max(nowMs, this.#freeMs)
    this.#freeMs = turnMs + 1_000 / this.#perSecond(nowMs)
    this.waitedMs += turnMs - nowMs
    return turnMs - nowMs
  }
}

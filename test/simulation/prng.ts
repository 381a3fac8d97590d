/** A seeded source of randomness (mulberry32): one seed, one history. */
export class Prng {
  #state: number

  constructor(seed: number) {
    this.#state = (seed ^ 0x9e3779b9) >>> 0
  }

  /** In [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let t = this.#state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }

  /** In [0, n). */
  below(n: number): number {
    return Math.floor(this.next() * n)
  }

  chance(share: number): boolean {
    return this.next() < share
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T
  }

  hex(bytes: number): string {
    let text = ''
    while (text.length < bytes * 2)
      text += Math.floor(this.next() * 0x100000000)
        .toString(16)
        .padStart(8, '0')
    return text.slice(0, bytes * 2)
  }
}

/**
 * What is decided of one thing (a call, a delivery, a job) hangs on its key alone, not on how much was decided before it: so a history
 * stays nearly the same when one of its faults is taken out. Keys are 32 bits.
 */
export const keyOf = (text: string): number => {
  let key = 0x811c9dc5
  for (let index = 0; index < text.length; index++) key = Math.imul(key ^ text.charCodeAt(index), 0x01000193)
  return key >>> 0
}

/** The key of a thing within another. */
export const within = (key: number, part: number): number => {
  let mixed = Math.imul(key ^ Math.imul(part + 0x9e3779b9, 0x85ebca6b), 0xc2b2ae35)
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d)
  mixed = Math.imul(mixed ^ (mixed >>> 12), 0x297a2d39)
  return (mixed ^ (mixed >>> 15)) >>> 0
}

/** In [0, 1). */
export const share = (key: number): number => key / 4294967296

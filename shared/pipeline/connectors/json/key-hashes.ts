/** Up to so many keys of an object are compared one by one. */
const MAX_COMPARED = 32

/**
 * Whether an object repeats a key, found without making strings: hashes of the keys of all open objects on one stack.
 * Two keys with one hash count as repeated, which costs time and nothing else.
 */
export class KeyHashes {
  #hashes = new Int32Array(256)
  /** Of large objects, by where their keys start on the stack. */
  readonly #sets = new Map<number, Set<number>>()
  top = 0

  /** Notes the key that starts at `start` (its quote); true if the object whose keys start at `base` may have it already. */
  seen(base: number, bytes: Uint8Array, start: number): boolean {
    const hash = hashKey(bytes, start + 1)
    if (this.#has(base, hash)) return true
    if (this.top === this.#hashes.length) this.#grow()
    this.#hashes[this.top++] = hash
    this.#sets.get(base)?.add(hash)
    return false
  }

  /** The object whose keys start at `base` is closed. */
  release(base: number): void {
    if (this.top - base >= MAX_COMPARED) this.#sets.delete(base)
    this.top = base
  }

  #has(base: number, hash: number): boolean {
    if (this.top - base >= MAX_COMPARED) return this.#setOf(base).has(hash)
    for (let i = base; i < this.top; i++) if (this.#hashes[i] === hash) return true
    return false
  }

  #setOf(base: number): Set<number> {
    const set = this.#sets.get(base) ?? new Set(this.#hashes.subarray(base, this.top))
    this.#sets.set(base, set)
    return set
  }

  #grow(): void {
    const larger = new Int32Array(this.#hashes.length * 2)
    larger.set(this.#hashes)
    this.#hashes = larger
  }
}

/** FNV-1a over the bytes of an unescaped key. */
const hashKey = (bytes: Uint8Array, from: number): number => {
  let hash = 0x811c9dc5
  for (let at = from; bytes[at] !== 0x22; at++) hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193)
  return hash
}

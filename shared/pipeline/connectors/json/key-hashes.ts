/**
 * Whether an object repeats a key, found without making strings: hashes of the keys of all open objects on one stack.
 * Two keys with one hash count as repeated, which costs time and nothing else.
 */
export class KeyHashes {
  /** Objects with more keys are taken as repeating one: comparing all with all would be quadratic. */
  static readonly #maxCompared = 64
  #hashes = new Int32Array(256)
  top = 0

  /** Notes the key that starts at `start` (its quote); true if the object whose keys start at `base` may have it already. */
  seen(base: number, bytes: Uint8Array, start: number): boolean {
    if (this.top - base >= KeyHashes.#maxCompared) return true
    const hash = hashKey(bytes, start + 1)
    for (let i = base; i < this.top; i++) if (this.#hashes[i] === hash) return true
    if (this.top === this.#hashes.length) this.#grow()
    this.#hashes[this.top++] = hash
    return false
  }

  release(base: number): void {
    this.top = base
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

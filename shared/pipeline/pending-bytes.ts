const FIRST_BYTES = 1 << 20

/** Bytes that came in pieces and are not used yet, in one piece of memory that is used again: it is what a body of any size passes through. */
export class PendingBytes {
  #buffer = Buffer.allocUnsafe(0)
  #length = 0

  get length(): number {
    return this.#length
  }

  /** All of them, in order; only until the next `add` or `drop`. */
  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length)
  }

  add(piece: Uint8Array): void {
    const length = this.#length + piece.length
    if (length > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(length + (length >> 1), FIRST_BYTES))
      this.#buffer.copy(larger, 0, 0, this.#length)
      this.#buffer = larger
    }
    this.#buffer.set(piece, this.#length)
    this.#length = length
  }

  /** Forgets the first `count`. */
  drop(count: number): void {
    this.#buffer.copyWithin(0, count, this.#length)
    this.#length -= count
  }
}

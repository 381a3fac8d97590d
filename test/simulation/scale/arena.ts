const BLOCK_BYTES = 16 << 20

/** Bodies of millions of small objects, one behind the other, outside the heap. */
export class Arena {
  readonly #blocks: Buffer[] = []
  #used = BLOCK_BYTES
  bytes = 0

  /** Where it is from now on. */
  put(body: Uint8Array): number {
    if (body.length > BLOCK_BYTES) throw new Error(`a body of ${body.length} bytes: no document is that large`)
    if (this.#used + body.length + 4 > BLOCK_BYTES) {
      this.#blocks.push(Buffer.allocUnsafeSlow(BLOCK_BYTES))
      this.#used = 0
    }
    const block = this.#blocks.at(-1) as Buffer
    const at = (this.#blocks.length - 1) * BLOCK_BYTES + this.#used
    block.writeUInt32LE(body.length, this.#used)
    block.set(body, this.#used + 4)
    this.#used += body.length + 4
    this.bytes += body.length
    return at
  }

  get(at: number): Buffer {
    const block = this.#blocks[Math.floor(at / BLOCK_BYTES)] as Buffer
    const from = at % BLOCK_BYTES
    return block.subarray(from + 4, from + 4 + block.readUInt32LE(from))
  }
}

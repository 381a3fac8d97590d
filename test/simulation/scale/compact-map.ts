/**
 * Names of millions of objects and tasks without their text: a hash table of 64-bit hashes in typed arrays, each with a number. Two names
 * of one hash would be taken for one; of ten million that happens once in 370,000 runs, and would show as a conflict.
 */
export class CompactMap {
  #capacity = 1 << 10
  #size = 0
  #high = new Uint32Array(this.#capacity)
  #low = new Uint32Array(this.#capacity)
  #values = new Float64Array(this.#capacity)
  #found: readonly [number, number] = [0, 0]

  get(name: string): number | undefined {
    const slot = this.#slotOf(name)
    return this.#isFree(slot) ? undefined : this.#values[slot]
  }

  set(name: string, value: number): void {
    if (this.#size > this.#capacity * 0.6) this.#grow()
    const slot = this.#slotOf(name)
    if (this.#isFree(slot)) this.#size++
    ;[this.#high[slot], this.#low[slot]] = this.#found
    this.#values[slot] = value
  }

  #isFree(slot: number): boolean {
    return this.#high[slot] === 0 && this.#low[slot] === 0
  }

  #slotOf(name: string): number {
    this.#found = hashOf(name)
    return this.#find(...this.#found)
  }

  #find(high: number, low: number): number {
    const mask = this.#capacity - 1
    let slot = low & mask
    while (!this.#isFree(slot) && (this.#high[slot] !== high || this.#low[slot] !== low)) slot = (slot + 1) & mask
    return slot
  }

  #grow(): void {
    const [high, low, values] = [this.#high, this.#low, this.#values]
    this.#capacity *= 2
    this.#high = new Uint32Array(this.#capacity)
    this.#low = new Uint32Array(this.#capacity)
    this.#values = new Float64Array(this.#capacity)
    for (let old = 0; old < values.length; old++) {
      if (high[old] === 0 && low[old] === 0) continue
      const slot = this.#find(high[old] as number, low[old] as number)
      this.#high[slot] = high[old] as number
      this.#low[slot] = low[old] as number
      this.#values[slot] = values[old] as number
    }
  }
}

/** Two 32-bit FNV-1a of different beginnings, mixed at the end. */
const hashOf = (name: string): readonly [number, number] => {
  let [a, b] = [0x811c9dc5, 0x050c5d1f]
  for (let index = 0; index < name.length; index++) {
    const code = name.charCodeAt(index)
    a = Math.imul(a ^ code, 0x01000193)
    b = Math.imul(b ^ code, 0x01000197) ^ (a >>> 13)
  }
  a = Math.imul(a ^ (a >>> 16), 0x85ebca6b)
  b = Math.imul(b ^ (b >>> 15), 0xc2b2ae35)
  return [(a ^ (a >>> 13)) >>> 0, ((b ^ (b >>> 16)) | 1) >>> 0]
}

/** A bucket of tokens: `ratePerSecond` come in a second, and at most a second's worth is kept. */
export class RateLimit {
  readonly #ratePerSecond: number
  readonly #most: number
  #tokens: number
  #atMs: number

  constructor(ratePerSecond: number, nowMs: number) {
    this.#ratePerSecond = ratePerSecond
    this.#most = Math.max(1, ratePerSecond)
    this.#tokens = this.#most
    this.#atMs = nowMs
  }

  /** How many may begin now. */
  available(nowMs: number): number {
    const elapsedMs = Math.max(0, nowMs - this.#atMs)
    this.#tokens = Math.min(this.#most, this.#tokens + (elapsedMs * this.#ratePerSecond) / 1_000)
    this.#atMs = nowMs
    return Math.floor(this.#tokens + 1e-9)
  }

  take(count: number): void {
    this.#tokens -= count
  }

  /** When one more may begin. */
  nextMs(nowMs: number): number {
    if (this.available(nowMs) >= 1) return nowMs
    return nowMs + Math.ceil(((1 - this.#tokens) * 1_000) / this.#ratePerSecond)
  }
}

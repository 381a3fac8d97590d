/** What was sent and is not done yet. */
export class Outstanding {
  #count = 0
  #resolve: (() => void)[] = []

  add(): void {
    this.#count += 1
  }

  done(): void {
    this.#count -= 1
    if (this.#count === 0) for (const resolve of this.#resolve.splice(0)) resolve()
  }

  async settle(): Promise<void> {
    if (this.#count > 0) await new Promise<void>((resolve) => this.#resolve.push(resolve))
  }
}

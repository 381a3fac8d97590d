/** Tells its listeners, at once, that something has come. */
export class Signal {
  readonly #listeners = new Set<() => void>()

  raise(): void {
    for (const listener of this.#listeners) listener()
  }

  /** Returns what ends it. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}

/** Whoever asks for the same key waits for those before: one looks and acts before the next looks. */
export class Admissions {
  readonly #last = new Map<string, Promise<unknown>>()

  inTurn<Result>(key: string, work: () => Promise<Result>): Promise<Result> {
    const mine = (this.#last.get(key) ?? Promise.resolve()).then(work, work)
    this.#last.set(key, mine)
    const leave = (): void => {
      if (this.#last.get(key) === mine) this.#last.delete(key)
    }
    mine.then(leave, leave)
    return mine
  }
}

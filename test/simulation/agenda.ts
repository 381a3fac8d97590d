export interface Event {
  readonly dueMs: number
  /** Of two at the same moment the one that was asked for first. */
  readonly order: number
  readonly run: () => void
}

/** What is going to happen, soonest first: a binary heap. */
export class Agenda {
  readonly #heap: Event[] = []
  #count = 0

  get next(): Event | undefined {
    return this.#heap[0]
  }

  add(dueMs: number, run: () => void): void {
    const heap = this.#heap
    const event: Event = { dueMs, order: this.#count++, run }
    let at = heap.push(event) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      const above = heap[parent] as Event
      if (isBefore(above, event)) break
      heap[at] = above
      at = parent
    }
    heap[at] = event
  }

  /** Takes the soonest out. */
  take(): Event | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return first
    let at = 0
    for (;;) {
      const child = this.#sooner(2 * at + 1)
      if (child === undefined || isBefore(last, heap[child] as Event)) break
      heap[at] = heap[child] as Event
      at = child
    }
    heap[at] = last
    return first
  }

  /** Of a child and its neighbour. */
  #sooner(left: number): number | undefined {
    const [a, b] = [this.#heap[left], this.#heap[left + 1]]
    if (!a) return undefined
    return b && isBefore(b, a) ? left + 1 : left
  }
}

const isBefore = (a: Event, b: Event): boolean => a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order)

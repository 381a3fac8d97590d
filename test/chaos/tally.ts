export const FAULTS = [
  'disk full while it works',
  'disk full at its start',
  'source killed within an answer',
  'torn tail of state.db-wal',
  'end of state.db-wal cut off',
  'end of state.db cut off',
  'state.db emptied',
  'end of warehouse.duckdb cut off',
  'pipeline file cut off',
  'second dev beside dev',
  'second run beside dev',
  'second run beside run',
  'two started at the same moment',
] as const
export type Fault = (typeof FAULTS)[number]

const NOTES = 40

/** What happened, counted. */
export class Tally {
  /** How often each fault showed itself: the disk was found full, the second process was refused, and so on. */
  readonly faults = new Map<Fault, number>()
  /** How damaged files were answered: refused by name, or recovered from. */
  readonly answers = new Map<string, number>()
  kills = 0
  starts = 0
  begun = 0
  repeated = 0
  /** Pieces of work that one kill had repeated, at most. */
  mostRepeated = 0
  runs = 0
  rows = 0
  readonly #startedMs = Date.now()
  #notes: string[] = []

  /** For whoever looks for the cause. */
  note(what: string): void {
    this.#notes.push(`${((Date.now() - this.#startedMs) / 1_000).toFixed(2).padStart(8)} s  ${what}`)
    this.#notes = this.#notes.slice(-NOTES)
  }

  /** What was done last. */
  get notes(): readonly string[] {
    return this.#notes
  }

  show(fault: Fault): void {
    this.faults.set(fault, (this.faults.get(fault) ?? 0) + 1)
  }

  answer(what: string): void {
    this.answers.set(what, (this.answers.get(what) ?? 0) + 1)
  }
}

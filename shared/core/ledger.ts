import { z } from 'zod'

/** One document a table: who may publish into it now, and what was published by whom. Moves by compare-and-set only. */
const ledgerClaim = z.strictObject({
  runId: z.string(),
  stepId: z.string(),
  jobId: z.string(),
  attempt: z.int().positive(),
  project: z.string(),
  location: z.string(),
  /** Until then others wait before they seal an id that was claimed and not yet submitted. */
  leaseUntilMs: z.number(),
  finished: z.boolean(),
  /** Of an `overwrite`: what it replaces, and when it was planned. */
  partitions: z.array(z.string()).optional(),
  plannedAtMs: z.number(),
})
export type LedgerClaim = z.infer<typeof ledgerClaim>

export const ledger = z.strictObject({
  version: z.literal(1),
  claim: ledgerClaim.optional(),
  /** Plan time (ms) of the newest overwrite of each partition; `*` is the whole table. */
  replaced: z.record(z.string(), z.number()),
})
export type Ledger = z.infer<typeof ledger>

export const EMPTY_LEDGER: Ledger = { version: 1, replaced: {} }

/** Name of the partition that stands for all of them. */
export const WHOLE_TABLE = '*'

/** Partitions that nobody who planned later has replaced: older never replaces newer. */
export const stillOurs = (book: Ledger, partitions: readonly string[], plannedAtMs: number): string[] =>
  partitions.filter((partition) => {
    // Who replaces the whole table would also replace what a later planner put into any partition.
    const newest =
      partition === WHOLE_TABLE
        ? Math.max(-1, ...Object.values(book.replaced))
        : Math.max(book.replaced[partition] ?? -1, book.replaced[WHOLE_TABLE] ?? -1)
    return newest <= plannedAtMs
  })

/** The ledger after a claim's publish was seen to be done. */
export const noteReplaced = (book: Ledger, claim: LedgerClaim): Ledger => ({
  ...book,
  replaced: {
    ...book.replaced,
    ...Object.fromEntries(
      (claim.partitions ?? []).map((partition) => [
        partition,
        Math.max(book.replaced[partition] ?? -1, claim.plannedAtMs),
      ]),
    ),
  },
})

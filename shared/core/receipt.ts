import { z } from 'zod'

/** The account of a published step. Created once; balanced, or the step is not green. */
export const receipt = z.strictObject({
  version: z.literal(1),
  runId: z.string(),
  stepId: z.string(),
  tenant: z.string(),
  pipelineId: z.string(),
  /** `dataset.table` */
  table: z.string(),
  strategy: z.enum(['append', 'overwrite', 'merge']),
  jobId: z.string(),
  fetched: z.int().min(0),
  accepted: z.int().min(0),
  rejected: z.int().min(0),
  filtered: z.int().min(0),
  staged: z.int().min(0),
  inserted: z.int().min(0),
  updated: z.int().min(0),
  deleted: z.int().min(0),
  superseded: z.int().min(0),
  parts: z.int().min(0),
  bytes: z.int().min(0),
  cursorFrom: z.string().optional(),
  cursorTo: z.string().optional(),
  balanced: z.boolean(),
  at: z.string(),
})
export type Receipt = z.infer<typeof receipt>

/** fetched = accepted + rejected + filtered; accepted = staged; staged = inserted + updated + superseded. Each was counted by itself. */
export const isBalanced = (account: Omit<Receipt, 'balanced'>): boolean =>
  account.fetched === account.accepted + account.rejected + account.filtered &&
  account.accepted === account.staged &&
  account.staged === account.inserted + account.updated + account.superseded

/** What happened to the rows, as everything that shows a receipt names it. */
export const receiptRows = (account: Receipt) => ({
  fetched: account.fetched,
  accepted: account.accepted,
  rejected: account.rejected,
  filtered: account.filtered,
  staged: account.staged,
  inserted: account.inserted,
  updated: account.updated,
  deleted: account.deleted,
  superseded: account.superseded,
})

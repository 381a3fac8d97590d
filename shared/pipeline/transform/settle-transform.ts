import type { TransformStep } from '@convergence/core/config/pipeline.ts'
import type { Receipt } from '@convergence/core/receipt.ts'
import type { Published } from '@convergence/core/run/advance.ts'
import { releaseLedger, type DoneJob } from '../load/fence.ts'
import { imbalanceOf, recordReceipt, rowsOf, writeReceipt } from '../load/settle.ts'
import { supersededWarnings } from '../load/superseded.ts'
import { targetOf, type StepContext } from '../stage.ts'

/**
 * Receipt and ledger of a published transform. Its rows are counted where they are made: what its SELECT gave is fetched and accepted,
 * what the publishing job read of it is staged.
 */
export const settleTransform = async (
  context: StepContext<TransformStep>,
  done: { readonly jobId: string; readonly status: DoneJob },
): Promise<Receipt> => {
  const counts = done.status.counts ?? { staged: 0, inserted: 0, updated: 0, deleted: 0, superseded: 0 }
  const receipt = await writeReceipt(context, {
    table: targetOf(context),
    strategy: context.step.load.strategy,
    jobId: done.jobId,
    counts,
    staged: {
      fetched: counts.staged,
      accepted: counts.staged,
      rejected: 0,
      filtered: 0,
      parts: 0,
      bytes: done.status.bytes ?? 0,
    },
  })
  await settleAgain(context, receipt)
  return receipt
}

/** What follows the receipt; harmless when repeated. */
export const settleAgain = async (context: StepContext<TransformStep>, receipt: Receipt): Promise<void> => {
  await recordReceipt(context, receipt)
  await releaseLedger(context, targetOf(context), receipt.jobId)
}

/** A publish that a stop met. */
export const publishedTransform = async (
  context: StepContext<TransformStep>,
  done: { readonly jobId: string; readonly status: DoneJob },
): Promise<Published> => {
  const receipt = await settleTransform(context, done)
  return { ...publishedOf(receipt), error: imbalanceOf(receipt) }
}

export const publishedOf = (receipt: Receipt | undefined): Published => ({
  rows: receipt ? rowsOf(receipt) : { fetched: 0, accepted: 0, rejected: 0, filtered: 0, loaded: 0 },
  tables: receipt ? [receipt.table] : [],
  warnings: supersededWarnings(receipt),
  superseded: !receipt,
})

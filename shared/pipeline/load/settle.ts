import { receiptKey } from '@convergence/core/names.ts'
import type { Problem, StepRows } from '@convergence/core/messages.ts'
import type { JobCounts } from '@convergence/core/ports/warehouse.ts'
import { isBalanced, receipt, receiptRows, type Receipt } from '@convergence/core/receipt.ts'
import { tableName, type TableRef } from '@convergence/core/table.ts'
import { nowIso, type StepContext } from '../stage.ts'

/** What the step itself counted before its publish. For a transform nothing is known before: its job's own count stands for it. */
interface StagedCounts {
  readonly fetched: number
  readonly accepted: number
  readonly rejected: number
  readonly filtered: number
  readonly parts: number
  readonly bytes: number
}

export interface Account {
  readonly table: TableRef
  readonly strategy: Receipt['strategy']
  readonly jobId: string
  readonly counts: JobCounts
  readonly staged: StagedCounts
  readonly cursorFrom?: string | undefined
  readonly cursorTo?: string | undefined
}

/** Creates the step's receipt, or gives the one that is there: what became visible is in a receipt, once. */
export const writeReceipt = async (context: StepContext, account: Account): Promise<Receipt> => {
  const key = receiptKey(context.run.runId, context.at.stepId)
  const put = await context.ports.state.compareAndSet(key, null, receiptOf(context, account))
  const standing = put.outcome === 'conflict' ? put.current : await context.ports.state.get(key)
  return receipt.parse(standing?.value)
}

export const readReceipt = async (context: StepContext): Promise<Receipt | undefined> => {
  const entry = await context.ports.state.get(receiptKey(context.run.runId, context.at.stepId))
  return entry && receipt.parse(entry.value)
}

const receiptOf = (context: StepContext, account: Account): Receipt => {
  const { inserted, updated, deleted, superseded, staged } = account.counts
  const body: Omit<Receipt, 'balanced'> = {
    version: 1,
    runId: context.run.runId,
    stepId: context.at.stepId,
    tenant: context.run.tenant,
    pipelineId: context.run.pipelineId,
    table: tableName(account.table),
    strategy: account.strategy,
    jobId: account.jobId,
    ...account.staged,
    staged,
    inserted,
    updated,
    deleted,
    superseded,
    ...(account.cursorFrom !== undefined && { cursorFrom: account.cursorFrom }),
    ...(account.cursorTo !== undefined && { cursorTo: account.cursorTo }),
    at: nowIso(context),
  }
  return { ...body, balanced: isBalanced(body) }
}

/** Projects the receipt; repeated until it is there, and dropped by its insert id when it is there twice. */
export const recordReceipt = (context: StepContext, account: Receipt): Promise<void> =>
  context.ports.warehouse.record('load_receipts', [
    {
      insertId: `${account.runId}/${account.stepId}`,
      row: {
        tenant: account.tenant,
        pipeline: account.pipelineId,
        run_id: account.runId,
        step_id: account.stepId,
        table_name: account.table,
        strategy: account.strategy,
        job_id: account.jobId,
        ...receiptRows(account),
        parts: account.parts,
        bytes: account.bytes,
        cursor_from: account.cursorFrom ?? null,
        cursor_to: account.cursorTo ?? null,
        balanced: account.balanced,
        created_at: account.at,
      },
    },
  ])

/** A step whose receipt does not balance is never green. */
export const imbalanceOf = (account: Receipt): Problem | undefined =>
  account.balanced
    ? undefined
    : {
        code: 'DATA_REJECTED',
        message:
          `the receipt does not balance: fetched ${account.fetched}, accepted ${account.accepted}, rejected ${account.rejected}, filtered ${account.filtered}, ` +
          `staged ${account.staged}, inserted ${account.inserted}, updated ${account.updated}, superseded ${account.superseded}`,
      }

export const rowsOf = (account: Receipt): StepRows => ({
  fetched: account.fetched,
  accepted: account.accepted,
  rejected: account.rejected,
  filtered: account.filtered,
  loaded: account.inserted + account.updated,
})

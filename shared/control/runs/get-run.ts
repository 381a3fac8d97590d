import { NotFoundError } from '@convergence/core/errors.ts'
import { receiptKey, runKey } from '@convergence/core/names.ts'
import { receipt, type Receipt } from '@convergence/core/receipt.ts'
import { runDocument, type Run } from '@convergence/core/run/run.ts'
import type { TenantContext } from '../context.ts'

/** A run of this tenant. Throws NotFoundError, the same for another tenant's run and for none. */
export const getRun = async (context: TenantContext, runId: string): Promise<Run> => {
  const run = await findRun(context, runId)
  if (!run) throw new NotFoundError(`there is no run ${runId.slice(0, 200)}`)
  return run
}

/** A run of this tenant, or undefined: the same for another tenant's run and for none. */
export const findRun = async (context: TenantContext, runId: string): Promise<Run | undefined> => {
  const entry = runId.length <= 200 ? await context.ports.state.get(runKey(runId)) : undefined
  const run = entry && runDocument.parse(entry.value)
  return run?.tenant === context.tenant ? run : undefined
}

/** Receipts of the run's published steps, in the order of its steps. */
export const getReceipts = async (context: TenantContext, run: Run): Promise<Receipt[]> => {
  const entries = await Promise.all(
    run.steps.map((step) => context.ports.state.get(receiptKey(run.runId, step.stepId))),
  )
  return entries.flatMap((entry) => (entry ? [receipt.parse(entry.value)] : []))
}

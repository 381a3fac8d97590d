import type { IngestStep } from '@convergence/core/config/pipeline.ts'
import type { Problem } from '@convergence/core/messages.ts'
import type { ManifestHead, PlanHead } from '@convergence/core/plan.ts'
import type { Receipt } from '@convergence/core/receipt.ts'
import { targetOf, type StepContext } from '../stage.ts'
import { supersededWarnings } from './superseded.ts'

/** What a person should know of a step that succeeded; without a receipt it was superseded. */
export const ingestWarnings = (
  context: StepContext<IngestStep>,
  plan: PlanHead,
  manifest: ManifestHead,
  receipt: Receipt | undefined,
): Problem[] => {
  const { rejected, fetched } = manifest.counts
  const where = `${targetOf(context).tenant}_quarantine.rejected_rows`
  const absent = plan.absent ?? []
  return [
    ...(absent.length > 0
      ? [
          {
            code: 'COLUMNS_ABSENT',
            message: `the data has no column ${absent.join(', ')}, which schema ${context.step.load.schema} has: NULL in every row that was loaded`,
          },
        ]
      : []),
    ...(rejected > 0 && (receipt || !plan.quarantine)
      ? [
          {
            code: 'ROWS_REJECTED',
            message: plan.quarantine
              ? `${rejected} of ${fetched} ${fetched === 1 ? 'row' : 'rows'} ${rejected === 1 ? 'is still rejected, and stays' : 'are still rejected, and stay'} in ${where} (run ${plan.quarantine.runId})`
              : `${rejected} of ${fetched} ${fetched === 1 ? 'row' : 'rows'} ${rejected === 1 ? 'was rejected, and is' : 'were rejected, and are'} in ${where} (run ${context.run.runId})`,
          },
        ]
      : []),
    ...supersededWarnings(receipt),
  ]
}

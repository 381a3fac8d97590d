import type { IngestStep, MaxRejected } from '@convergence/core/config/pipeline.ts'
import { DataRejectedError, PlatformError, type ErrorCode } from '@convergence/core/errors.ts'
import type { Problem } from '@convergence/core/messages.ts'
import type { ManifestHead, PlanHead } from '@convergence/core/plan.ts'

/**
 * The checks before the publish that need the manifest only. Throws DataRejectedError: nothing of the step becomes visible. Rows that
 * are rejected are in quarantine by then.
 */
export const refuseRejects = (step: IngestStep, plan: PlanHead, manifest: ManifestHead, allowEmpty: boolean): void => {
  refuseChunks(manifest)
  refuseColumns(plan, manifest)
  const { fetched, rejected, accepted } = manifest.counts
  if (fetched === 0 && manifest.chunks > 0 && !allowEmpty)
    throw new DataRejectedError(
      `${step.source} gave no rows: the data has a header or a frame and nothing in it. Set allow_empty: true if that is right`,
    )
  if (rejected === 0) return
  const example = exampleOf(manifest)
  if (accepted === 0 && manifest.counts.filtered === 0)
    throw new DataRejectedError(
      `${fetched === 1 ? 'the only row was' : `all ${fetched} rows were`} rejected; nothing was loaded.${example} See the quarantine, mend the source or the schema`,
    )
  if (rejected > allowedOf(step.load.max_rejected, fetched))
    throw new DataRejectedError(
      `${rejected} of ${fetched} rows ${rejected === 1 ? 'was' : 'were'} rejected, max_rejected allows ${textOf(step.load.max_rejected)}; nothing was loaded.${example} ` +
        'See the quarantine, mend the source or the schema, or raise max_rejected',
    )
}

/** Throws the first chunk's own error. */
export const refuseChunks = ({ rejectedChunks, chunks, rejections }: ManifestHead): void => {
  const [first] = rejections
  if (!first) return
  const others = rejectedChunks > 1 ? ` (and ${rejectedChunks - 1} of ${chunks} chunks more)` : ''
  const message = first.message.includes(first.label) ? first.message : `${first.label}: ${first.message}`
  // The chunk's own code: what to do about a refused key is not what to do about a bad file.
  throw new PlatformError(first.code as ErrorCode, false, `${message}${others}`)
}

/** Rows of a quarantine that were typed again, none of which is good now: the run is not green. */
export const refuseStillRejected = (plan: PlanHead, manifest: ManifestHead): Problem | undefined => {
  const { rejected, fetched } = manifest.counts
  if (!plan.quarantine || fetched === 0 || rejected < fetched) return undefined
  const [first] = manifest.samples
  const example = first ? ` The first: ${first.column === null ? '' : `column ${first.column}: `}${first.reason}.` : ''
  const which = fetched === 1 ? 'the only row is' : `all ${fetched} rows are`
  return {
    code: 'DATA_REJECTED',
    message: `${which} still rejected, and in quarantine with the new reason; nothing was loaded.${example}`,
  }
}

const refuseColumns = (plan: PlanHead, { unknownColumns }: ManifestHead): void => {
  const extra = plan.strictColumns ? unknownColumns.filter((name) => !plan.ignored.includes(name)) : []
  if (extra.length > 0)
    throw new DataRejectedError(
      `the data has columns that the table's schema lacks: ${extra.join(', ')}. Add them to the schema, or leave them out with exclude (or name those to load with columns)`,
    )
}

const exampleOf = ({ samples }: ManifestHead): string => {
  const [row] = samples
  return row
    ? ` The first: ${row.origin}, row ${row.position}${row.column === null ? '' : `, column ${row.column}`}: ${row.reason}.`
    : ''
}

/** Whole rows: 0.1 % of 999 rows is none. */
const allowedOf = (limit: MaxRejected, fetched: number): number =>
  'rows' in limit ? limit.rows : Math.floor((fetched * limit.percent) / 100)

const textOf = (limit: MaxRejected): string => ('rows' in limit ? String(limit.rows) : `${limit.percent}%`)

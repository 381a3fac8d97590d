import { attemptId } from '@convergence/core/names.ts'
import type { ManifestHead } from '@convergence/core/plan.ts'
import { UnavailableError } from '@convergence/core/errors.ts'
import type { PartsSource } from '@convergence/core/ports/warehouse.ts'
import { QUARANTINE_SCHEMA, quarantineTable } from '@convergence/core/quarantine.ts'
import { inBucket } from '../documents.ts'
import { stepIs } from '@convergence/core/run/run.ts'
import { jobRef, readRun, type StepContext } from '../stage.ts'
import { walkOwn } from './fence.ts'

/** Stem of the ids of the jobs that fill the quarantine for a step. */
export const quarantineStem = (stem: string): string => `${stem}-quarantine`

/**
 * Appends the manifest's rejected rows to the tenant's quarantine, once: a job under an id that the manifest gives. `done`, or how long to
 * wait; `stopped`: the run no longer wants it. Nobody else's ids are in the way: the quarantine takes any number of writers.
 */
export const loadQuarantine = async (
  context: StepContext,
  manifest: ManifestHead,
  rowsOf: Pick<PartsSource, 'runId'> = {},
): Promise<number | 'done' | 'stopped'> => {
  if (manifest.rejects.length === 0) return 'done'
  const { warehouse } = context.ports
  const stem = quarantineStem(context.state.stem ?? '')
  const own = await walkOwn(context, stem)
  if (own.live) return own.live.status.state === 'done' ? 'done' : warehouse.capabilities.pollMs
  // After the walk: a stop writes its intent first, and seals an id only then, so a seal that was walked past is seen here.
  const run = await readRun(context, context.run.runId)
  if (!run || !stepIs(run, context.at.stepId, 'PUBLISHING')) return 'stopped'
  const failure = own.failures.at(-1)
  if (failure && (!failure.retryable || own.failures.length >= context.step.retry.max_attempts))
    throw new UnavailableError(`rejected rows could not be written to the quarantine: ${failure.message}`)
  await warehouse.submit(jobRef(context.run, attemptId(stem, own.firstFree)), {
    kind: 'publish',
    target: quarantineTable(context.run.tenant),
    schema: QUARANTINE_SCHEMA,
    partitionBy: 'ingestion_date',
    clusterBy: [],
    source: {
      kind: 'parts',
      parts: manifest.rejects.map((part) => ({ ...inBucket(context, part.name), rows: part.rows })),
      ...rowsOf,
    },
    strategy: { type: 'append' },
    expectedRows: manifest.counts.rejected,
    labels: context.labels,
  })
  return warehouse.capabilities.pollMs
}

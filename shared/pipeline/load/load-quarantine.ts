import { attemptId } from '@convergence/core/names.ts'
import type { ManifestHead } from '@convergence/core/plan.ts'
import { UnavailableError } from '@convergence/core/errors.ts'
import type { PartsSource } from '@convergence/core/ports/warehouse.ts'
import { QUARANTINE_SCHEMA, quarantineTable } from '@convergence/core/quarantine.ts'
import { stepIs } from '@convergence/core/run/run.ts'
import { jobRef, readRun, type StepContext } from '../stage.ts'
import { walkOwn } from './fence.ts'
import { countFiles, readFiles } from './manifest.ts'

/** Stems of the ids of the jobs that fill the quarantine for a step: one for as many reject parts as a job takes. */
export const quarantineStems = (context: StepContext, manifest: ManifestHead): string[] => {
  const jobs = Math.ceil(countFiles(manifest, 'rejects') / context.ports.warehouse.capabilities.maxPartsPerJob)
  const stem = `${context.state.stem ?? ''}-quarantine`
  return Array.from({ length: jobs }, (_, group) => (group === 0 ? stem : `${stem}-${group}`))
}

/**
 * Appends the manifest's rejected rows to the tenant's quarantine, once: jobs under ids that the manifest gives. `done`, or how long to
 * wait; `stopped`: the run no longer wants it. Nobody else's ids are in the way: the quarantine takes any number of writers.
 */
export const loadQuarantine = async (
  context: StepContext,
  manifest: ManifestHead,
  rowsOf: Pick<PartsSource, 'runId'> = {},
): Promise<number | 'done' | 'stopped'> => {
  for (const [group, stem] of quarantineStems(context, manifest).entries()) {
    const loaded = await loadGroup(context, manifest, { group, stem, rowsOf })
    if (loaded !== 'done') return loaded
  }
  return 'done'
}

const loadGroup = async (
  context: StepContext,
  manifest: ManifestHead,
  {
    group,
    stem,
    rowsOf,
  }: { readonly group: number; readonly stem: string; readonly rowsOf: Pick<PartsSource, 'runId'> },
): Promise<number | 'done' | 'stopped'> => {
  const { warehouse } = context.ports
  const own = await walkOwn(context, stem)
  if (own.live) return own.live.status.state === 'done' ? 'done' : warehouse.capabilities.pollMs
  // After the walk: a stop writes its intent first, and seals an id only then, so a seal that was walked past is seen here.
  const run = await readRun(context, context.run.runId)
  if (!run || !stepIs(run, context.at.stepId, 'PUBLISHING')) return 'stopped'
  const failure = own.failures.at(-1)
  if (failure && (!failure.retryable || own.failures.length >= context.step.retry.max_attempts))
    throw new UnavailableError(`rejected rows could not be written to the quarantine: ${failure.message}`)
  const most = warehouse.capabilities.maxPartsPerJob
  const parts = await readFiles(context, manifest, 'rejects', { from: group * most, to: (group + 1) * most })
  await warehouse.submit(jobRef(context.run, attemptId(stem, own.firstFree)), {
    kind: 'publish',
    target: quarantineTable(context.run.tenant),
    schema: QUARANTINE_SCHEMA,
    partitionBy: 'ingestion_date',
    clusterBy: [],
    source: { kind: 'parts', parts, ...rowsOf },
    strategy: { type: 'append' },
    expectedRows: parts.reduce((sum, { rows }) => sum + rows, 0),
    labels: context.labels,
  })
  return warehouse.capabilities.pollMs
}

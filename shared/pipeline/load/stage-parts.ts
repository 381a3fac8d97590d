import { attemptId } from '@convergence/core/names.ts'
import type { ManifestHead, PlanHead } from '@convergence/core/plan.ts'
import type { JobFailure, PartsSource, StagedSource } from '@convergence/core/ports/warehouse.ts'
import type { TableRef } from '@convergence/core/table.ts'
import { mapLimited } from '../map-limited.ts'
import { jobRef, type StepContext } from '../stage.ts'
import { walkOwn } from './fence.ts'
import { countFiles, readFiles } from './manifest.ts'

/** Rows that are ready to be published: parts as they are, or the tables that they were staged in. */
export type Staging =
  /** `tables` is undefined where one job takes all parts. */
  | { readonly outcome: 'staged'; readonly tables: readonly TableRef[] | undefined }
  | { readonly outcome: 'running'; readonly waitMs: number }
  | { readonly outcome: 'failed'; readonly failure: JobFailure }

/** Jobs of one step that stage at the same time: the parts of one of them are in memory. */
const AT_ONCE = 10
const POLLS = 16

/**
 * Stages what one job cannot publish: a job for each `maxPartsPerJob` parts, each into a table under its own id, which nobody sees before
 * the publish. So none of them needs the fence: what a late one stages is nobody's. Called again and again, until all are done.
 */
export const stageParts = async (context: StepContext, plan: PlanHead, manifest: ManifestHead): Promise<Staging> => {
  const { maxPartsPerJob: most, pollMs } = context.ports.warehouse.capabilities
  const parts = countFiles(manifest, 'parts')
  if (parts <= most) return { outcome: 'staged', tables: undefined }
  const groups = Array.from({ length: Math.ceil(parts / most) }, (_, group) => group)
  const states = await mapLimited(groups, POLLS, (group) => lookAt(context, group))
  const tables: TableRef[] = []
  for (const state of states) {
    if (state.is === 'failed') return { outcome: 'failed', failure: state.failure }
    if (state.is === 'done') tables.push(tableOf(context, state.jobId))
  }
  if (tables.length === groups.length) return { outcome: 'staged', tables }
  const running = states.filter(({ is }) => is === 'running').length
  const free = states.filter((state) => state.is === 'free').slice(0, Math.max(0, AT_ONCE - running))
  for (const { group, jobId } of free)
    await submitGroup(context, jobId, plan, await readFiles(context, manifest, 'parts', rangeOf(group, most)))
  return { outcome: 'running', waitMs: pollMs }
}

const rangeOf = (group: number, most: number) => ({ from: group * most, to: (group + 1) * most })

type GroupState =
  | { readonly is: 'done'; readonly jobId: string }
  | { readonly is: 'running' }
  | { readonly is: 'free'; readonly group: number; readonly jobId: string }
  | { readonly is: 'failed'; readonly failure: JobFailure }

const lookAt = async (context: StepContext, group: number): Promise<GroupState> => {
  const stem = `${context.state.stem ?? ''}-stage-${group}`
  const own = await walkOwn(context, stem)
  if (own.live) return own.live.status.state === 'done' ? { is: 'done', jobId: own.live.jobId } : { is: 'running' }
  const failure = own.failures.at(-1)
  if (failure && (!failure.retryable || own.failures.length >= context.step.retry.max_attempts))
    return { is: 'failed', failure }
  return { is: 'free', group, jobId: attemptId(stem, own.firstFree) }
}

const tableOf = ({ run }: StepContext, jobId: string): TableRef => ({
  tenant: run.tenant,
  dataset: 'staging',
  table: jobId.replaceAll('-', '_'),
})

const submitGroup = async (
  context: StepContext,
  jobId: string,
  plan: PlanHead,
  parts: PartsSource['parts'],
): Promise<void> => {
  await context.ports.warehouse.submit(jobRef(context.run, jobId), {
    kind: 'stage',
    target: tableOf(context, jobId),
    schema: plan.schema,
    source: { kind: 'parts', parts, ...ownRows(context, plan) },
    expectedRows: parts.reduce((sum, { rows }) => sum + rows, 0),
    labels: context.labels,
  })
}

/** What a job of the step reads: the staged tables, or all parts. */
export const sourceOf = async (
  context: StepContext,
  plan: PlanHead,
  manifest: ManifestHead,
  tables: readonly TableRef[] | undefined,
): Promise<PartsSource | StagedSource> =>
  tables
    ? { kind: 'staged', tables }
    : { kind: 'parts', parts: await readFiles(context, manifest, 'parts'), ...ownRows(context, plan) }

/** Parts that were taken over say which run made them; their rows become visible by this one. */
export const ownRows = ({ run }: StepContext, plan: PlanHead): { runId?: string } =>
  plan.takenFrom === undefined ? {} : { runId: run.runId }

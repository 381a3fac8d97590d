import { InvalidConfigError } from '@convergence/core/errors.ts'
import type { ObjectRef } from '@convergence/core/ports/object-store.ts'
import type { JobCounts, PublishJob, PublishStrategy } from '@convergence/core/ports/warehouse.ts'
import { tableName } from '@convergence/core/table.ts'
import { leaveQuarantine } from './leave-quarantine.ts'
import { publishAppend } from './publish-append.ts'
import { publishMerge } from './publish-merge.ts'
import { publishOverwrite } from './publish-overwrite.ts'
import { runPlan, type Compiler } from './publish-plan.ts'
import { selectSource } from './select-source.ts'
import type { Session } from './session.ts'
import { partsSource, type Source } from './source.ts'
import { dropStaged, stagedSource } from './staging.ts'
import { tablePath } from './sql.ts'
import { ensureTable, readTable, type StoredTable } from './tables.ts'
import type { TranslateSql } from './tenant-query.ts'

export interface JobContext {
  readonly localPath: (ref: ObjectRef) => string
  readonly translate: TranslateSql
}

const COMPILERS: Readonly<Record<PublishStrategy['type'], Compiler>> = {
  append: publishAppend,
  overwrite: publishOverwrite,
  merge: publishMerge,
}

/** Made by `prepare` and by stage jobs, and by nobody else. */
const RESERVED_DATASETS: ReadonlySet<string> = new Set(['metadata', 'schema', 'staging'])

/** Publishes inside the caller's transaction. */
export const publish = async (session: Session, job: PublishJob, context: JobContext): Promise<JobCounts> => {
  if (RESERVED_DATASETS.has(job.target.dataset))
    throw new InvalidConfigError(
      `${tableName(job.target)}: the dataset "${job.target.dataset}" is the platform's own, choose another name`,
    )
  const stored = await readTable(session, job.target)
  const source = await sourceOf(session, job, stored, context)
  const layout = { fields: source.fields, partitionBy: job.partitionBy, clusterBy: job.clusterBy }
  const ready = await ensureTable(session, job.target, layout, stored)
  const plan = COMPILERS[job.strategy.type](job, {
    target: tablePath(job.target),
    source: source.sql,
    position: source.position,
    ...ready,
  })
  const counts = await runPlan(session, job, plan, source.bindings)
  if (job.replayed) await leaveQuarantine(session, job.replayed, { tenant: job.target.tenant, ...context })
  if (job.source.kind === 'staged') await dropStaged(session, job.source.tables)
  return counts
}

const sourceOf = async (
  session: Session,
  { source, schema }: PublishJob,
  stored: StoredTable | undefined,
  { localPath, translate }: JobContext,
): Promise<Source> => {
  switch (source.kind) {
    case 'parts':
      return partsSource(session, source.parts, schema, { localPath, name: 'parts', runId: source.runId })
    case 'staged':
      return stagedSource(source, schema)
    case 'select':
      return selectSource(session, source, { schema, stored: stored?.schema ?? [], translate })
  }
}

import type { Job, JobCounts, JobFailure, JobRef, JobStatus } from '@convergence/core/ports/warehouse.ts'
import { text, textOrNull, texts } from './parameters.ts'
import type { Bindings, Session } from './session.ts'

/**
 * The schema of the warehouse's own tables. It begins with `_`, which no tenant id does: a tenant's dataset can never be it.
 */
export const INTERNAL = '_convergence'

export const JOBS_DDL: readonly string[] = [
  `CREATE SCHEMA IF NOT EXISTS ${INTERNAL}`,
  `CREATE TABLE IF NOT EXISTS ${INTERNAL}.jobs (
    tenant VARCHAR NOT NULL, project VARCHAR NOT NULL, location VARCHAR NOT NULL, job_id VARCHAR NOT NULL,
    kind VARCHAR NOT NULL, labels VARCHAR NOT NULL, state VARCHAR NOT NULL, counts VARCHAR, failure VARCHAR,
    started_at TIMESTAMPTZ NOT NULL, ended_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (tenant, project, location, job_id))`,
]

export interface EndedJob {
  readonly kind: Job['kind']
  readonly labels: Job['labels']
  readonly startedMs: number
  readonly endedMs: number
  readonly end:
    | { readonly state: 'done'; readonly counts?: JobCounts }
    | { readonly state: 'failed'; readonly failure: JobFailure }
}

export const jobKey = ({ tenant, project, location, jobId }: JobRef): string =>
  JSON.stringify([tenant, project, location, jobId])

const keyBindings = (ref: JobRef): Bindings => ({
  tenant: text(ref.tenant),
  project: text(ref.project),
  location: text(ref.location),
  job_id: text(ref.jobId),
})

/** The row of a job that has ended; undefined: there is none. */
export const findJob = async (session: Session, ref: JobRef): Promise<JobStatus | undefined> => {
  const [row] = await session.all(
    `SELECT kind, labels, state, counts, failure FROM ${INTERNAL}.jobs
     WHERE tenant = $tenant AND project = $project AND location = $location AND job_id = $job_id`,
    keyBindings(ref),
  )
  if (!row) return undefined
  const base = { kind: row['kind'] as Job['kind'], labels: JSON.parse(String(row['labels'])) as Job['labels'] }
  if (row['state'] === 'failed')
    return { ...base, state: 'failed', failure: JSON.parse(String(row['failure'])) as JobFailure }
  const counts = typeof row['counts'] === 'string' ? (JSON.parse(row['counts']) as JobCounts) : undefined
  return { ...base, state: 'done', ...(counts && { counts }) }
}

/** Writes a job's row; stands in the transaction of its effect. */
export const insertJob = async (session: Session, ref: JobRef, job: EndedJob): Promise<void> => {
  const { end } = job
  await session.run(
    `INSERT INTO ${INTERNAL}.jobs VALUES ($tenant, $project, $location, $job_id, $kind, $labels, $state, $counts, $failure,
     make_timestamptz(CAST($started_us AS BIGINT)), make_timestamptz(CAST($ended_us AS BIGINT)))`,
    {
      ...keyBindings(ref),
      kind: text(job.kind),
      labels: text(JSON.stringify(job.labels)),
      state: text(end.state),
      counts: textOrNull(end.state === 'done' && end.counts ? JSON.stringify(end.counts) : null),
      failure: textOrNull(end.state === 'failed' ? JSON.stringify(end.failure) : null),
      started_us: text(String(Math.trunc(job.startedMs) * 1_000)),
      ended_us: text(String(Math.trunc(job.endedMs) * 1_000)),
    },
  )
}

/** A job that changed a table, and whose it was. */
export interface ChangingJob {
  readonly jobId: string
  readonly runId: string
  readonly stepId: string
}

/** Those that ended last. */
export const lastJobs = async (session: Session, limit: number): Promise<ChangingJob[]> => {
  const rows = await session.all(
    `SELECT job_id, labels FROM ${INTERNAL}.jobs WHERE kind IN ('publish', 'quarantine') ORDER BY ended_at DESC LIMIT ${limit}`,
  )
  return rows.map((row) => {
    const { run, step } = JSON.parse(String(row['labels'])) as Job['labels']
    return { jobId: String(row['job_id']), runId: run, stepId: step }
  })
}

/** The ids that no job has. */
export const missingJobs = async (session: Session, jobIds: readonly string[]): Promise<string[]> => {
  const rows = await session.all(`SELECT job_id FROM ${INTERNAL}.jobs WHERE list_contains($ids, job_id)`, {
    ids: texts(jobIds),
  })
  const found = new Set(rows.map((row) => row['job_id']))
  return jobIds.filter((jobId) => !found.has(jobId))
}

import type { Clock } from '@convergence/core/ports/clock.ts'
import type {
  JobCounts,
  JobFailure,
  JobRef,
  JobStatus,
  PublishJob,
  QuarantineJob,
  StageJob,
} from '@convergence/core/ports/warehouse.ts'
import type { Database } from './database.ts'
import { failureOf, isConflict } from './errors.ts'
import { findJob, insertJob } from './jobs.ts'
import { publish, type JobContext } from './publish.ts'
import { quarantine } from './quarantine.ts'
import type { Session } from './session.ts'
import { stage } from './staging.ts'

export interface Execution {
  readonly database: Database
  readonly context: JobContext
  readonly clock: Clock
  readonly isClosing: () => boolean
  /** Until another running job has ended. */
  readonly otherEnds: () => Promise<void>
}

type WritingJob = PublishJob | StageJob | QuarantineJob

/** Two jobs that create one dataset are in each other's way: the later one runs again. */
const MAX_CONFLICTS = 5

/**
 * Runs a job to its end. Its row commits with its effect; a failed job's row in a transaction of its own, after the rollback. Never
 * throws: gives the status of a failure whose row could not be written either.
 */
export const executeJob = async (
  ref: JobRef,
  job: WritingJob,
  execution: Execution,
): Promise<JobStatus | undefined> => {
  const startedMs = execution.clock.nowMs()
  for (let conflicts = 0; ; conflicts++) {
    try {
      await execution.database.withSession((session) =>
        session.transaction(() => effectAndRow(session, ref, job, { execution, startedMs })),
      )
      return undefined
    } catch (error) {
      if (execution.isClosing()) return undefined
      if (isConflict(error) && conflicts < MAX_CONFLICTS && !(await hasRow(ref, execution))) {
        await execution.otherEnds()
        continue
      }
      return writeFailure(ref, job, failureOf(error), { execution, startedMs })
    }
  }
}

interface Started {
  readonly execution: Execution
  readonly startedMs: number
}

const effectAndRow = async (
  session: Session,
  ref: JobRef,
  job: WritingJob,
  { execution, startedMs }: Started,
): Promise<void> => {
  const counts = await effect(session, job, execution)
  const endedMs = execution.clock.nowMs()
  await insertJob(session, ref, {
    kind: job.kind,
    labels: job.labels,
    startedMs,
    endedMs,
    end: { state: 'done', counts },
  })
}

const effect = (session: Session, job: WritingJob, { context, clock }: Execution): Promise<JobCounts> => {
  switch (job.kind) {
    case 'publish':
      return publish(session, job, context)
    case 'stage':
      return stage(session, job, context.localPath)
    case 'quarantine':
      return quarantine(session, job, clock.nowMs())
  }
}

const hasRow = async (ref: JobRef, { database }: Execution): Promise<boolean> => {
  try {
    return (await database.withSession((session) => findJob(session, ref))) !== undefined
  } catch {
    return false
  }
}

/** An end that failed may have happened all the same: a row that is there decides. */
const writeFailure = async (
  ref: JobRef,
  { kind, labels }: WritingJob,
  failure: JobFailure,
  { execution, startedMs }: Started,
): Promise<JobStatus | undefined> => {
  try {
    await execution.database.withSession(async (session) => {
      if (await findJob(session, ref)) return
      await insertJob(session, ref, {
        kind,
        labels,
        startedMs,
        endedMs: execution.clock.nowMs(),
        end: { state: 'failed', failure },
      })
    })
    return undefined
  } catch {
    return { kind, labels, state: 'failed', failure }
  }
}

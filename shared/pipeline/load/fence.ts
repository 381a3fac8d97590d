import { noteReplaced, stillOurs, type Ledger, type LedgerClaim } from '@convergence/core/ledger.ts'
import { attemptId } from '@convergence/core/names.ts'
import type { JobFailure, JobStatus, PublishJob, QuarantineJob } from '@convergence/core/ports/warehouse.ts'
import { stepIs } from '@convergence/core/run/run.ts'
import type { TableRef } from '@convergence/core/table.ts'
import { jobRef, readRun, type StepContext } from '../stage.ts'
import { readLedger, writeLedger, type OpenLedger } from './ledger-store.ts'

/**
 * One writer a table, and job ids are the fence. A step's publishing jobs are `{stem}-a1`, `-a2`, …: each is claimed in the table's
 * ledger before it is submitted, and an id that somebody sealed can never run. A worker that finds its id sealed or failed reads the run
 * again, and goes on to the next id only if the run still wants it. Nothing waits here: `running` says when to look again.
 */
export interface Publication {
  readonly stem: string
  readonly target: TableRef
  /** Partitions that an `overwrite` replaces (`*`: all); undefined for the other strategies. */
  readonly partitions?: readonly string[] | undefined
  readonly plannedAtMs: number
  /** Partitions that nobody may have replaced since (`*`: any): else it is superseded as a whole. */
  readonly untouched?: readonly string[] | undefined
  /** The job for the partitions that are still its own to replace. */
  job(partitions: readonly string[] | undefined): Promise<PublishJob | QuarantineJob> | PublishJob | QuarantineJob
}

export type DoneJob = Extract<JobStatus, { state: 'done' }>

export type FenceResult =
  | { readonly outcome: 'running'; readonly waitMs: number }
  | {
      readonly outcome: 'published'
      readonly jobId: string
      readonly status: DoneJob
      readonly left: readonly string[]
    }
  | { readonly outcome: 'superseded' }
  | { readonly outcome: 'failed'; readonly failure: JobFailure }
  /** The run no longer wants it. */
  | { readonly outcome: 'stopped' }

/** Lost races for the ledger after which the rest is left to a later look. */
const MAX_ROUNDS = 8

export const driveFence = async (context: StepContext, publication: Publication): Promise<FenceResult> => {
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const result = await oneRound(context, publication)
    if (result) return result
  }
  return running(context)
}

const running = (context: StepContext): FenceResult => ({
  outcome: 'running',
  waitMs: context.ports.warehouse.capabilities.pollMs,
})

/** Undefined: something moved meanwhile; look again. */
const oneRound = async (context: StepContext, publication: Publication): Promise<FenceResult | undefined> => {
  const own = await walkOwn(context, publication.stem)
  const open = await readLedger(context, publication.target)
  if (own.live) return settled(own.live.jobId, own.live.status, open.book, publication, context)
  const run = await readRun(context, context.run.runId)
  if (!run || !stepIs(run, context.at.stepId, 'PUBLISHING')) return { outcome: 'stopped' }
  const lastFailure = own.failures.at(-1)
  if (lastFailure && (!lastFailure.retryable || own.failures.length >= context.step.retry.max_attempts))
    return { outcome: 'failed', failure: lastFailure }
  const free = await freeLedger(context, open)
  if (free.outcome === 'wait') return { outcome: 'running', waitMs: free.waitMs }
  return claimAndSubmit(context, publication, open, { book: free.book, firstFree: own.firstFree })
}

/** The step's own ids upward: the publish that is there, or the first free id, past sealed and failed ones. */
export const walkOwn = async (context: StepContext, stem: string) => {
  const failures: JobFailure[] = []
  for (let attempt = 1; ; attempt++) {
    const jobId = attemptId(stem, attempt)
    const status = await context.ports.warehouse.poll(jobRef(context.run, jobId))
    if (!status) return { failures, firstFree: attempt, live: undefined }
    if (status.kind === 'seal') continue
    if (status.state !== 'failed') return { failures, firstFree: attempt, live: { jobId, status } }
    failures.push(status.failure)
  }
}

const settled = (
  jobId: string,
  status: JobStatus,
  book: Ledger,
  publication: Publication,
  context: StepContext,
): FenceResult => {
  if (status.state !== 'done') return running(context)
  const claimed = book.claim?.jobId === jobId ? book.claim.partitions : undefined
  const left = claimed ? (publication.partitions ?? []).filter((partition) => !claimed.includes(partition)) : []
  return { outcome: 'published', jobId, status, left }
}

/** Another's unfinished claim is awaited while it runs or its lease holds; then its id is sealed, or its publish noted. */
const freeLedger = async (
  context: StepContext,
  open: OpenLedger,
): Promise<{ outcome: 'free'; book: Ledger } | { outcome: 'wait'; waitMs: number }> => {
  const { claim } = open.book
  if (!claim || claim.finished || isMine(context, claim)) return { outcome: 'free', book: open.book }
  const { warehouse, clock } = context.ports
  const other = { tenant: open.table.tenant, project: claim.project, location: claim.location, jobId: claim.jobId }
  let status = await warehouse.poll(other)
  if (!status) {
    const leftMs = claim.leaseUntilMs - clock.nowMs()
    if (leftMs > 0) return { outcome: 'wait', waitMs: Math.min(leftMs, warehouse.capabilities.pollMs * 10) }
    const seal = await warehouse.submit(other, { kind: 'seal', labels: context.labels })
    if (seal.outcome === 'submitted') return { outcome: 'free', book: open.book }
    status = seal.status
  }
  if (status.kind === 'seal' || status.state === 'failed') return { outcome: 'free', book: open.book }
  if (status.state === 'running') return { outcome: 'wait', waitMs: warehouse.capabilities.pollMs }
  return { outcome: 'free', book: noteReplaced(open.book, claim) }
}

const isMine = (context: StepContext, claim: LedgerClaim): boolean =>
  claim.runId === context.run.runId && claim.stepId === context.at.stepId

const claimAndSubmit = async (
  context: StepContext,
  publication: Publication,
  open: OpenLedger,
  found: { book: Ledger; firstFree: number },
): Promise<FenceResult | undefined> => {
  const standing = open.book.claim && isMine(context, open.book.claim) ? open.book.claim : undefined
  // A claim never lowers its own run's attempt.
  const attempt = Math.max(found.firstFree, standing?.attempt ?? 1)
  const jobId = attemptId(publication.stem, attempt)
  // Two workers of one run submit the same partitions under one id: those of the first claim.
  const partitions =
    standing?.jobId === jobId
      ? standing.partitions
      : publication.partitions && stillOurs(found.book, publication.partitions, publication.plannedAtMs)
  if (partitions?.length === 0 && (publication.partitions?.length ?? 0) > 0) return { outcome: 'superseded' }
  const { untouched = [], plannedAtMs } = publication
  if (stillOurs(found.book, untouched, plannedAtMs).length < untouched.length) return { outcome: 'superseded' }
  const claim: LedgerClaim = {
    runId: context.run.runId,
    stepId: context.at.stepId,
    jobId,
    attempt,
    project: context.run.project,
    location: context.run.location,
    leaseUntilMs: context.ports.clock.nowMs() + context.settings.leaseMs,
    finished: false,
    ...(partitions && { partitions: [...partitions] }),
    plannedAtMs: publication.plannedAtMs,
  }
  if (!(await writeLedger(context, open, { ...found.book, claim }))) return undefined
  const submitted = await context.ports.warehouse.submit(jobRef(context.run, jobId), await publication.job(partitions))
  return submitted.outcome === 'submitted' ? running(context) : undefined
}

/** After the receipt: others need not wait for this claim's lease. A lost race is no loss: who took the ledger has seen the publish. */
export const releaseLedger = async (context: StepContext, target: TableRef, jobId: string): Promise<void> => {
  const open = await readLedger(context, target)
  const { claim } = open.book
  if (!claim || claim.jobId !== jobId || claim.finished) return
  await writeLedger(context, open, { ...noteReplaced(open.book, claim), claim: { ...claim, finished: true } })
}

export type SealResult =
  | { readonly outcome: 'sealed' }
  | { readonly outcome: 'running' }
  | { readonly outcome: 'published'; readonly jobId: string; readonly status: DoneJob }

/** A stop: walks the step's ids upward until it has sealed the first free one, or met a publish. */
export const sealStem = async (context: StepContext, stem: string): Promise<SealResult> => {
  for (;;) {
    const own = await walkOwn(context, stem)
    if (own.live)
      return own.live.status.state === 'done'
        ? { outcome: 'published', jobId: own.live.jobId, status: own.live.status }
        : { outcome: 'running' }
    const id = jobRef(context.run, attemptId(stem, own.firstFree))
    const seal = await context.ports.warehouse.submit(id, { kind: 'seal', labels: context.labels })
    if (seal.outcome === 'submitted') return { outcome: 'sealed' }
  }
}

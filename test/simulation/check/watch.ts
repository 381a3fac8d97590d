import type { Job, JobRef } from '@convergence/core/ports/warehouse.ts'
import type { Ledger } from '@convergence/core/ledger.ts'
import type { Marker } from '@convergence/core/plan.ts'
import type { Run } from '@convergence/core/run/run.ts'
import type { Cloud } from '../cloud.ts'
import type { Fiber } from '../fiber.ts'

/** What must hold at each write, while it happens. Types of the product are read here, none of its code that decides anything. */
const ENDED = new Set(['SUCCEEDED', 'FAILED', 'CANCELLED'])

export const watch = (cloud: Cloud, violations: string[]): void => {
  const report = (text: string): void => void violations.push(text)
  cloud.state.onWrite = (key, before, after) => {
    if (before === undefined) return
    if (key.startsWith('runs/')) watchRun(key, before as Run, after as Run, report)
    if (key.startsWith('ledgers/')) watchLedger(key, before as Ledger, after as Ledger, report)
    if (key.startsWith('receipts/')) report(`${key} was written again`)
  }
  cloud.objects.onPut = (name, isNew, body) => watchObject(cloud, { name, isNew, body }, report)
  cloud.tables.onJob = (what, ref, job) => {
    if (what === 'submitted') watchJob(cloud, ref, job, report)
  }
  watchNames(cloud, report)
  cloud.tables.onLanding = ({ jobId, table, labels }) => {
    const run = runOf(cloud, labels.run)
    if (!run || ENDED.has(run.status)) report(`${jobId} became visible although its run had ended`)
    const step = run?.steps.find(({ stepId }) => stepId === labels.step)
    if (step && step.status !== 'PUBLISHING') report(`${jobId} became visible although its step was ${step.status}`)
    if (run && run.tenant !== labels.tenant) report(`${jobId} is of another tenant than its run`)
    if (!table.startsWith(`${run?.tenant}_`)) report(`${jobId} landed in ${table}`)
  }
}

const runOf = (cloud: Cloud, runId: string): Run | undefined =>
  cloud.state.get(`runs/${runId}`)?.value as Run | undefined

type Report = (text: string) => void

const watchRun = (key: string, was: Run, is: Run, report: Report): void => {
  if (ENDED.has(was.status)) report(`${key} left its end ${was.status} for ${is.status}`)
  for (const [index, step] of was.steps.entries()) {
    const now = is.steps[index]
    if (isOver(step.status) && now?.status !== step.status)
      report(`${key}: a step left ${step.status} for ${now?.status}`)
    if (step.stem !== undefined && now?.stem !== step.stem) report(`${key}: the stem of ${step.stepId} moved`)
  }
  if (was.tenant !== is.tenant || was.configHash !== is.configHash || was.logicalTime !== is.logicalTime)
    report(`${key}: a pin moved`)
}

const isOver = (status: string): boolean => ENDED.has(status) || status === 'SKIPPED'

/** A claim never lowers its own run's attempt: who reads the ledger would take a lower id for the one that is under way. */
const watchLedger = (key: string, was: Ledger, is: Ledger, report: Report): void => {
  const [old, next] = [was.claim, is.claim]
  if (!old || !next || old.runId !== next.runId || old.stepId !== next.stepId) return
  if (next.attempt < old.attempt) report(`${key}: ${next.runId} claimed attempt ${next.attempt} after ${old.attempt}`)
}

/** Everything that a step leaves is written once; but for the word why it stands still. */
const watchObject = (
  cloud: Cloud,
  { name, isNew, body }: { readonly name: string; readonly isNew: boolean; readonly body: Uint8Array },
  report: Report,
): void => {
  if (!name.startsWith('convergence/') || name.endsWith('/wait.json')) return
  if (!isNew) report(`${name} was written again`)
  if (!/\/(marker|link-\d+)\.json$/.test(name)) return
  const { result } = JSON.parse(Buffer.from(body).toString('utf8')) as Marker
  for (const part of [...result.parts, ...result.rejects])
    if (!cloud.objects.has(`convergence/${part.name}`)) report(`${name} names ${part.name}, which is not there`)
}

/** What a sweep sends again carries its tick in its name: a name that was used is refused for an hour. */
const watchNames = (cloud: Cloud, report: Report): void => {
  const ticks = new Map<string, number | undefined>()
  const tickOf = ({ delivery }: Fiber): number | undefined => {
    const { check, tick } = (delivery?.payload ?? {}) as { check?: string; tick?: number }
    return check === 'quiet' || check === 'resume' ? tick : undefined
  }
  cloud.onTask = (queue, name, _task, fiber) => ticks.set(`${queue}/${name}`, tickOf(fiber))
  cloud.onUsedName = (queue, name, task, fiber) => {
    const tick = tickOf(fiber)
    if (tick === undefined || task.type === 'run' || ticks.get(`${queue}/${name}`) === tick) return
    report(`${fiber.name} sent a ${task.type} again under a name that was used`)
  }
}

/** Job ids are the fence: an id is one job only where project and location are its run's; and a table has one writer at a time. */
const watchJob = (cloud: Cloud, ref: JobRef, job: Job, report: Report): void => {
  const run = runOf(cloud, job.labels.run)
  if (run && (ref.project !== run.project || ref.location !== run.location))
    report(
      `${ref.jobId} (${job.kind}) was sent to ${ref.project}/${ref.location}, its run is pinned to ${run.project}/${run.location}`,
    )
  if (job.kind !== 'publish' || isQuarantine(job.target)) return
  for (const [key, { job: other, status }] of cloud.tables.jobs) {
    if (other === job || other.kind !== 'publish' || status.state !== 'running') continue
    if (sameTable(other.target, job.target)) report(`${ref.jobId} writes ${job.target.table} while ${key} does`)
  }
}

const isQuarantine = ({ table }: { readonly table: string }): boolean => table === 'rejected_rows'

type Target = { readonly tenant: string; readonly dataset: string; readonly table: string }

const sameTable = (a: Target, b: Target): boolean =>
  a.tenant === b.tenant && a.dataset === b.dataset && a.table === b.table

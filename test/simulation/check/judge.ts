import { GATE_ROWS, stepFacts, type StepFacts } from '../scenario/pipelines.ts'
import type { Upload } from '../scenario/uploads.ts'
import type { PlanHead } from '@convergence/core/plan.ts'
import type { Receipt } from '@convergence/core/receipt.ts'
import type { Run, StepState } from '@convergence/core/run/run.ts'
import type { Cloud } from '../cloud.ts'
import type { Api } from '../scenario/api.ts'
import type { Landed } from '../tables.ts'
import { judgeSource, sourceOf } from './sources.ts'
import { judgeTables, type Publish } from './tables.ts'

/** When everything has ended: what must hold, over the identities of rows. Imports types of the product only. */
export interface Outcome {
  readonly violations: string[]
  readonly green: number
  readonly rows: number
}

const ENDED = new Set(['SUCCEEDED', 'FAILED', 'CANCELLED'])

export const judge = (
  { cloud, api }: { readonly cloud: Cloud; readonly api: Api },
  uploads: readonly Upload[],
  violations: string[],
): Outcome => {
  const report = (text: string): void => void violations.push(text)
  const runs = [...cloud.state.entries()]
    .filter(([key]) => key.startsWith('runs/'))
    .map(([, { value }]) => value as Run)
  let green = 0
  for (const upload of uploads) {
    const own = runs.filter((run) => run.cause.type === 'upload' && run.cause.name === upload.object)
    if (own.length !== 1 && !(own.length === 0 && wasGivenUp(cloud, upload)))
      report(`${upload.object} has ${own.length} runs`)
    const [run] = own
    if (!run) continue
    if (!ENDED.has(run.status)) report(`${run.runId} never ended: ${run.status}`)
    if (run.status === 'SUCCEEDED') green++
    judgeRun(cloud, upload, run, report)
  }
  for (const key of cloud.state.keys()) if (key.startsWith('active/')) report(`${key} is still active`)
  const publishes = publishesOf(cloud, uploads, runs, report)
  judgeSuperseded(cloud, runs, publishes, report)
  for (const publish of publishes) judgeSource({ cloud, api }, publish, report)
  judgeTables(cloud, publishes, report)
  return { violations, green, rows: [...cloud.tables.rows.values()].reduce((sum, rows) => sum + rows.length, 0) }
}

/** Its event is a dead letter: while a tenant is suspended nothing starts. */
const wasGivenUp = ({ deadLetters }: Cloud, { object }: Upload): boolean =>
  deadLetters.some(({ payload }) => (payload as { name?: string }).name === object)

const isQuarantine = ({ table }: Landed): boolean => table.endsWith('_quarantine.rejected_rows')

/** Every publish, in the order in which they became visible. */
const publishesOf = (
  cloud: Cloud,
  uploads: readonly Upload[],
  runs: readonly Run[],
  report: (text: string) => void,
): Publish[] =>
  cloud.tables.landed.flatMap((landed): Publish[] => {
    if (isQuarantine(landed)) return []
    const run = runs.find(({ runId }) => runId === landed.labels.run)
    const upload = uploads.find(({ object }) => run?.cause.type === 'upload' && run.cause.name === object)
    const step = upload && stepFacts(upload.pipelineId).find(({ stepId }) => stepId === landed.labels.step)
    if (!run || !upload || !step || !landed.table.endsWith(`.${step.table}`)) {
      report(`${landed.jobId} landed in ${landed.table} for ${landed.labels.run}`)
      return []
    }
    const { plannedAt = '' } = planOf(cloud, run, step.stepId) ?? {}
    return [{ landed, run, upload, step, plannedAt }]
  })

/** Nothing is left out but for what a run that was planned later has replaced. */
const judgeSuperseded = (
  cloud: Cloud,
  runs: readonly Run[],
  publishes: readonly Publish[],
  report: (text: string) => void,
): void => {
  for (const run of runs.filter(({ steps }) => steps.some(({ superseded }) => superseded)))
    for (const facts of stepFacts(run.pipelineId as Upload['pipelineId'])) {
      const { plannedAt = '' } = planOf(cloud, run, facts.stepId) ?? {}
      const isNewer = ({ run: other, step, plannedAt: at }: Publish, day: string): boolean =>
        other.tenant === run.tenant && step.table === facts.table && at > plannedAt && (step.days ?? []).includes(day)
      for (const day of facts.days ?? [])
        if (!publishes.some((publish) => isNewer(publish, day)))
          report(`${run.runId} is superseded, and nobody who planned later has loaded ${day}`)
    }
}

const planOf = (cloud: Cloud, run: Run, stepId: string): PlanHead | undefined =>
  documentOf<PlanHead>(cloud, `${run.tenant}/runs/${run.runId}/${stepId}/plan.json`)

const judgeRun = (cloud: Cloud, upload: Upload, run: Run, report: (text: string) => void): void => {
  for (const facts of stepFacts(upload.pipelineId)) {
    const step = run.steps.find(({ stepId }) => stepId === facts.stepId)
    if (step) judgeStep(cloud, { upload, run, step, facts }, (text) => report(`${run.runId} ${facts.stepId}: ${text}`))
  }
  const checks = run.steps.find(({ stepId }) => stepId === 'checks')
  if (checks?.error?.code === 'DATA_REJECTED' || checks?.error?.code === 'INTERNAL')
    report(`${run.runId} checks: failed over rows that are right: ${checks.error.message}`)
  const failed = run.steps.filter(({ status }) => status === 'FAILED')
  const alerts = new Set(upload.pipelineId === 'graph_alerts' ? ['b'] : [])
  if (
    run.status === 'SUCCEEDED' &&
    run.steps.some(({ status, stepId }) => status !== 'SUCCEEDED' && !alerts.has(stepId))
  )
    report(`${run.runId} is green over ${run.steps.map(({ status }) => status).join(', ')}`)
  if (run.status === 'SUCCEEDED' && failed.length > 0 && run.warnings.length === 0)
    report(`${run.runId} is green without a word of what failed`)
  if (run.status === 'FAILED' && !run.error) report(`${run.runId} failed, and says nothing`)
}

interface Step {
  readonly upload: Upload
  readonly run: Run
  readonly step: StepState
  readonly facts: StepFacts
}

const judgeStep = (cloud: Cloud, at: Step, say: (text: string) => void): void => {
  const { upload, run, step, facts } = at
  const mine = cloud.tables.landed.filter(({ labels }) => labels.run === run.runId && labels.step === step.stepId)
  const landed = mine.filter((landing) => !isQuarantine(landing))
  const quarantined = mine.filter(isQuarantine)
  const receipt = cloud.state.get(`receipts/${run.runId}/${step.stepId}`)?.value as Receipt | undefined
  if (landed.length > 1) say(`was published ${landed.length} times`)
  if (landed.length > 0 !== (receipt !== undefined)) say(`${landed.length} publishes, ${receipt ? 'a' : 'no'} receipt`)
  if (receipt && receipt.jobId !== landed[0]?.jobId) say('the receipt is of another job')
  if (receipt && landed[0]) judgeReceipt(at, receipt, landed[0], say)
  judgeQuarantine(at, quarantined, say)
  const refusal = refusalOf(upload, facts)
  if (refusal !== undefined && landed.length > 0) say(`was published although ${refusal}`)
  if (step.error && !isExplained(cloud, at, step.error))
    say(`failed without a cause: ${step.error.code} ${step.error.message}`)
  if (step.status !== 'SUCCEEDED') return
  if (!step.superseded && landed.length !== 1) say('is green and published nothing')
  if (step.superseded && facts.strategy !== 'overwrite') say('is superseded, and overwrites nothing')
  if (step.superseded && landed.length > 0) say('is superseded, and was published')
  const { bad } = sourceOf(upload, step.stepId)
  if (bad > 0 && facts.table !== 'copy' && quarantined.length === 0) say('its bad rows are not in quarantine')
  if (bad > 0 && facts.table !== 'copy' && step.warnings.length === 0) say('bad rows, and no warning')
}

const judgeReceipt = ({ upload, facts }: Step, receipt: Receipt, landed: Landed, say: (text: string) => void): void => {
  if (!receipt.balanced) say('the receipt does not balance')
  const { fetched, accepted, rejected, filtered, staged, inserted, updated, superseded } = receipt
  if (fetched !== accepted + rejected + filtered || accepted !== staged || staged !== inserted + updated + superseded)
    say(`the receipt's sums do not agree: ${JSON.stringify(receipt)}`)
  if (staged !== landed.rows.length) say(`the receipt counts ${staged} rows, ${landed.rows.length} landed`)
  if (facts.cursor !== undefined || facts.table === 'list' || facts.table === 'copy' || upload.moving) return
  const { good, bad } = sourceOf(upload, facts.stepId)
  const wanted = [good.length + bad, good.length, bad]
  if (JSON.stringify([fetched, accepted, rejected]) !== JSON.stringify(wanted))
    say(`the receipt counts ${fetched}, ${accepted}, ${rejected}, the source has ${wanted.join(', ')}`)
}

/** Each rejected row once, by where it stood; and of no row that fits. */
const judgeQuarantine = (
  { upload, step, facts }: Step,
  quarantined: readonly Landed[],
  say: (text: string) => void,
): void => {
  const rows = quarantined.flatMap((landed) => landed.rows.map((row) => `${row['origin']} ${row['position']}`))
  if (new Set(rows).size !== rows.length) say('a row is in quarantine twice')
  if (facts.cursor !== undefined || facts.table === 'list' || facts.table === 'copy') return
  const { bad, poisoned } = sourceOf(upload, facts.stepId)
  // Of a rejected chunk no row is known.
  // More parts than one job takes come by several, and a stop may come between them.
  const isPartial = step.status === 'SUCCEEDED' ? rows.length !== bad : rows.length > bad
  if (quarantined.length > 0 && !poisoned && isPartial) say(`${rows.length} rows are in quarantine, ${bad} are bad`)
}

/** Why the step must not publish: what its data says. */
const refusalOf = (upload: Upload, { stepId, table }: StepFacts): string | undefined => {
  if (table === 'copy') return undefined
  const { good, bad, poisoned } = sourceOf(upload, stepId)
  if (upload.flaw === 'short' && table === 'feed') return 'its source gave less than it declared'
  if (poisoned) return 'a chunk was rejected'
  if (upload.moving) return undefined
  if (bad > 0 && good.length === 0) return 'all rows were rejected'
  if (bad > Math.floor((good.length + bad) / 2)) return 'too many rows were rejected'
  return table === 'graph_a' && good.length > GATE_ROWS ? 'its gate is closed' : undefined
}

/** Whether what a step failed by is something that was done to it. */
const isExplained = (cloud: Cloud, { upload, facts }: Step, { code }: { readonly code: string }): boolean => {
  switch (code) {
    case 'DATA_REJECTED':
      return (
        refusalOf(upload, facts) !== undefined ||
        upload.flaw === 'repeats' ||
        facts.cursor !== undefined ||
        facts.table === 'list'
      )
    case 'NOT_FOUND':
      return upload.moving !== undefined
    case 'TIMED_OUT':
      return upload.pipelineId === 'hasty' || cloud.world.counts.has('timeOut')
    case 'LIMIT_EXCEEDED':
      return cloud.world.faults.fired.some(({ kind }) => kind === 'smallQuota')
    // Replaced twice within one request.
    case 'UNAUTHENTICATED':
      return (cloud.world.counts.get('rotate') ?? 0) > 1
    case 'UNAVAILABLE':
      return cloud.world.faults.fired.length > 0 || sourceOf(upload, facts.stepId).poisoned
    default:
      return false
  }
}

const documentOf = <T>(cloud: Cloud, name: string): T | undefined => {
  const found = cloud.objects.get(`convergence/${name}`)
  return found && (JSON.parse(Buffer.from(found.body).toString('utf8')) as T)
}

import { runKey } from '@convergence/core/names.ts'
import type { ManifestHead, PlanHead } from '@convergence/core/plan.ts'
import type { Receipt } from '@convergence/core/receipt.ts'
import type { Run } from '@convergence/core/run/run.ts'
import type { Cloud } from './cloud.ts'
import { TENANTS, type Upload } from './scenario.ts'
import type { Landed } from './tables.ts'

/** What must hold, over the identities of rows. Types of the product are read here, none of its code that decides anything. */
const ENDED = new Set(['SUCCEEDED', 'FAILED', 'CANCELLED'])

/** Looks at every write while it happens. */
export const watch = (cloud: Cloud, violations: string[]): void => {
  cloud.state.onWrite = (key, before, after) => {
    if (!key.startsWith('runs/') || before === undefined) return
    const [was, is] = [before as Run, after as Run]
    if (ENDED.has(was.status)) violations.push(`${key} left its end ${was.status} for ${is.status}`)
    for (const [index, step] of was.steps.entries())
      if (step.status === 'SUCCEEDED' && is.steps[index]?.status !== 'SUCCEEDED')
        violations.push(`${key}: a step left SUCCEEDED`)
    if (was.tenant !== is.tenant || was.configHash !== is.configHash) violations.push(`${key}: a pin moved`)
  }
  cloud.tables.onLanding = (landing) => {
    const run = runOf(cloud, landing.labels.run)
    if (!run || ENDED.has(run.status)) violations.push(`${landing.jobId} became visible although its run had ended`)
    if (run && run.tenant !== landing.labels.tenant)
      violations.push(`${landing.jobId} is of another tenant than its run`)
    if (!landing.table.startsWith(`${run?.tenant}_`)) violations.push(`${landing.jobId} landed in ${landing.table}`)
  }
}

const runOf = (cloud: Cloud, runId: string): Run | undefined => cloud.state.get(runKey(runId))?.value as Run | undefined

export interface Outcome {
  readonly violations: string[]
  readonly green: number
  readonly rows: number
}

/** When everything has ended. */
export const judge = (cloud: Cloud, uploads: readonly Upload[], violations: string[]): Outcome => {
  const runs = [...cloud.state.entries()]
    .filter(([key]) => key.startsWith('runs/'))
    .map(([, { value }]) => value as Run)
  let green = 0
  for (const upload of uploads) {
    const own = runs.filter((run) => run.cause.type === 'upload' && run.cause.name === upload.object)
    if (own.length !== 1 && !(own.length === 0 && wasGivenUp(cloud, upload)))
      violations.push(`${upload.object} has ${own.length} runs`)
    const [run] = own
    if (!run) continue
    if (!ENDED.has(run.status)) violations.push(`${run.runId} never ended: ${run.status}`)
    if (run.status === 'SUCCEEDED') green++
    judgeRun(cloud, upload, run, violations)
  }
  for (const tenant of TENANTS) judgeTables(cloud, tenant, uploads, runs, violations)
  for (const key of cloud.state.keys()) if (key.startsWith('active/')) violations.push(`${key} is still active`)
  return { violations, green, rows: [...cloud.tables.rows.values()].reduce((sum, rows) => sum + rows.length, 0) }
}

/** Its event is a dead letter: while a tenant is suspended nothing starts. */
const wasGivenUp = ({ deadLetters }: Cloud, { object }: Upload): boolean =>
  deadLetters.some(({ payload }) => (payload as { name?: string }).name === object)

const isQuarantine = ({ table }: Landed): boolean => table.endsWith('_quarantine.rejected_rows')

const judgeRun = (cloud: Cloud, upload: Upload, run: Run, violations: string[]): void => {
  const step = run.steps[0]
  const mine = cloud.tables.landed.filter(({ labels }) => labels.run === run.runId)
  const landed = mine.filter((landing) => !isQuarantine(landing))
  const quarantined = mine.filter(isQuarantine)
  const receipt = cloud.state.get(`receipts/${run.runId}/rows`)?.value as Receipt | undefined
  if (landed.length > 1) violations.push(`${run.runId} was published ${landed.length} times`)
  if (quarantined.length > 1) violations.push(`${run.runId} was quarantined ${quarantined.length} times`)
  if ((landed.length === 1) !== (receipt !== undefined))
    violations.push(`${run.runId}: ${landed.length} publishes, ${receipt ? 'a' : 'no'} receipt`)
  if (receipt && receipt.jobId !== landed[0]?.jobId) violations.push(`${run.runId}: the receipt is of another job`)
  if (receipt) judgeReceipt(upload, run, receipt, violations)
  if (run.status !== 'SUCCEEDED') return
  if (step?.status !== 'SUCCEEDED') violations.push(`${run.runId} is green over a step that is ${step?.status}`)
  if (upload.poisoned) violations.push(`${run.runId} is green although a chunk was rejected`)
  if (!step?.superseded && landed.length !== 1) violations.push(`${run.runId} is green and published nothing`)
  if (upload.bad > 0 && quarantined.length !== 1) violations.push(`${run.runId}: its bad rows are not in quarantine`)
  if (upload.bad > 0 && run.warnings.length === 0) violations.push(`${run.runId}: bad rows, and no warning`)
}

const judgeReceipt = (upload: Upload, run: Run, receipt: Receipt, violations: string[]): void => {
  if (!receipt.balanced) violations.push(`${run.runId}: the receipt does not balance`)
  const { fetched, accepted, rejected } = receipt
  const wanted = [upload.good.length + upload.bad, upload.good.length, upload.bad]
  if (JSON.stringify([fetched, accepted, rejected]) !== JSON.stringify(wanted))
    violations.push(
      `${run.runId}: the receipt counts ${fetched}, ${accepted}, ${rejected}, the source has ${wanted.join(', ')}`,
    )
}

/** What each table must hold, from the source alone and from which publishes happened, in their order. */
const judgeTables = (
  cloud: Cloud,
  tenant: string,
  uploads: readonly Upload[],
  runs: readonly Run[],
  violations: string[],
): void => {
  const published = cloud.tables.landed.filter((landing) => landing.labels.tenant === tenant && !isQuarantine(landing))
  const sourceOf = (runId: string): Upload | undefined => {
    const run = runs.find((one) => one.runId === runId)
    return uploads.find(({ object }) => run?.cause.type === 'upload' && run.cause.name === object)
  }
  const plannedAt = (runId: string): string => {
    const plan = documentOf<PlanHead>(cloud, `${tenant}/runs/${runId}/rows/plan.json`)
    return plan?.plannedAt ?? ''
  }
  const expected = new Map<string, string[]>()
  for (const strategy of ['append', 'overwrite', 'merge'] as const) {
    const landings = published.filter(({ table }) => table === `${tenant}_raw.${strategy}`)
    const rows: { id: string; day: string; run: string }[] = []
    const add = (runId: string, keep: (row: { id: string; day: string }) => boolean): void => {
      for (const row of sourceOf(runId)?.good ?? []) if (keep(row)) rows.push({ ...row, run: runId })
    }
    if (strategy === 'append') for (const { labels } of landings) add(labels.run, () => true)
    if (strategy === 'overwrite')
      for (const day of ['2026-01-01', '2026-01-02']) {
        const newest = landings
          .map(({ labels }) => labels.run)
          .toSorted((a, b) => (plannedAt(a) < plannedAt(b) ? -1 : 1))
          .at(-1)
        if (newest !== undefined) add(newest, (row) => row.day === day)
      }
    if (strategy === 'merge') {
      const byKey = new Map<string, string>()
      for (const { labels } of landings)
        for (const { id } of sourceOf(labels.run)?.good ?? []) byKey.set(id, labels.run)
      for (const [id, run] of byKey) rows.push({ id, day: '', run })
    }
    expected.set(`${tenant}_raw.${strategy}`, rows.map(({ id, run }) => `${id} of ${run}`).toSorted())
  }
  for (const [table, wanted] of expected) {
    const has = (cloud.tables.rows.get(table) ?? []).map((row) => `${row['id']} of ${row['_run_id']}`).toSorted()
    if (JSON.stringify(has) !== JSON.stringify(wanted)) violations.push(`${table}: ${difference(has, wanted)}`)
  }
}

const difference = (has: readonly string[], wanted: readonly string[]): string => {
  const lost = wanted.filter((row) => !has.includes(row))
  const extra = has.filter((row, index) => !wanted.includes(row) || has.indexOf(row) !== index)
  return `lost ${lost.join(', ') || 'none'}; doubled or unexpected ${extra.join(', ') || 'none'}`
}

const documentOf = <T extends PlanHead | ManifestHead>(cloud: Cloud, name: string): T | undefined => {
  const found = cloud.objects.get(`convergence/${name}`)
  return found && (JSON.parse(Buffer.from(found.body).toString('utf8')) as T)
}

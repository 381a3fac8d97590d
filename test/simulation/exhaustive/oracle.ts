import type { Cloud } from '../cloud.ts'
import type { StepSource, Upload } from '../scenario.ts'
import type { SmallRun } from './scenarios.ts'

/**
 * What must be there when a small run is over, from its files and from nothing else: documents are read by their shape, no code of the
 * product is called.
 */
interface RunShape {
  readonly runId: string
  readonly status: string
  readonly cause: { readonly name?: string }
  readonly steps: readonly { readonly stepId: string; readonly superseded: boolean }[]
}

interface ReceiptShape {
  readonly runId: string
  readonly stepId: string
  readonly fetched: number
  readonly accepted: number
  readonly rejected: number
  readonly filtered: number
  readonly staged: number
  readonly inserted: number
  readonly updated: number
  readonly superseded: number
}

/** A step whose rows are visible: what its files hold. */
interface Shown {
  readonly table: string
  readonly source: StepSource
}

export const judgeSmallRun = (cloud: Cloud, small: SmallRun): string[] => {
  const problems: string[] = []
  const shown: Shown[] = []
  const runs = documents<RunShape>(cloud, 'runs/')
  for (const upload of small.uploads) {
    const own = runs.filter(({ cause }) => cause.name === upload.object)
    const [run] = own
    if (run && own.length === 1) problems.push(...judgeRun(cloud, small, { upload, run }, shown))
    else problems.push(`${upload.object} has ${own.length} runs`)
  }
  if (runs.length !== small.uploads.length) problems.push(`${runs.length} runs of ${small.uploads.length} uploads`)
  return [...problems, ...wrongTables(cloud, small, shown), ...wrongQuarantine(cloud, small, shown)]
}

const documents = <T>(cloud: Cloud, prefix: string): T[] =>
  [...cloud.state.entries()].filter(([key]) => key.startsWith(prefix)).map(([, { value }]) => value as T)

const sourceOf = (upload: Upload, step: string): StepSource => upload.steps?.[step] ?? upload

const judgeRun = (
  cloud: Cloud,
  { steps, ends }: SmallRun,
  { upload, run }: { readonly upload: Upload; readonly run: RunShape },
  shown: Shown[],
): string[] => {
  const { object } = upload
  const problems: string[] = []
  const receipts = documents<ReceiptShape>(cloud, `receipts/${run.runId}/`)
  if (!ends.some((end) => end === run.status)) problems.push(`${object} ended ${run.status}, not ${ends.join(' or ')}`)
  for (const { stepId, table, rowsOf } of steps) {
    const mine = receipts.filter((receipt) => receipt.stepId === stepId)
    const [receipt] = mine
    const { good, bad, poisoned } = sourceOf(upload, rowsOf)
    const source = { good, poisoned, bad: stepId === rowsOf ? bad : 0 }
    if (mine.length > 1) problems.push(`${object} ${stepId} has ${mine.length} receipts`)
    if (receipt) {
      shown.push({ table, source })
      problems.push(...unbalanced(`${object} ${stepId}`, source, receipt))
    }
    // A green run has shown its rows; one that was stopped has shown all rows of a step or none.
    const isSuperseded = run.steps.some((step) => step.stepId === stepId && step.superseded)
    if (run.status === 'SUCCEEDED' && !receipt && !isSuperseded) problems.push(`${object} is green, and ${stepId} not`)
    if (run.status === 'FAILED' && receipt) problems.push(`${object} failed, and rows of ${stepId} are visible`)
  }
  return problems
}

const unbalanced = (what: string, { good, bad }: StepSource, receipt: ReceiptShape): string[] => {
  const { fetched, accepted, rejected, filtered, staged, inserted, updated, superseded } = receipt
  const counted = [fetched, accepted, rejected, filtered, staged].join(' ')
  const wanted = [good.length + bad, good.length, bad, 0, good.length].join(' ')
  const problems = counted === wanted ? [] : [`the receipt of ${what} counts ${counted}, its files hold ${wanted}`]
  if (inserted + updated + superseded !== good.length)
    problems.push(`the receipt of ${what} tells ${inserted} + ${updated} + ${superseded} of ${good.length} rows`)
  return problems
}

/** Of two overwrites of the same days, one upload's rows are there whole, and which one is nobody's fault. */
const wrongTables = (cloud: Cloud, { uploads, steps }: SmallRun, shown: readonly Shown[]): string[] => {
  const known = new Set(steps.map(({ table }) => table))
  const others = [...cloud.tables.rows].filter(
    ([name]) => !known.has(name) && !name.endsWith('_quarantine.rejected_rows'),
  )
  const problems = others.filter(([, rows]) => rows.length > 0).map(([name]) => `rows in ${name}`)
  const replaces = uploads[0]?.pipelineId === 'overwrite' && uploads.length > 1
  for (const table of known) {
    const has = (cloud.tables.rows.get(table) ?? []).map((row) => String(row['id'])).toSorted()
    const own = shown.filter((one) => one.table === table)
    const allowed = replaces ? own.map((one) => idsOf([one])) : [idsOf(own)]
    if (!allowed.includes(has.join(' ')))
      problems.push(`${table} holds ${has.join(' ') || 'nothing'}, not ${allowed.join(', or ') || 'nothing'}`)
  }
  return problems
}

const idsOf = (shown: readonly Shown[]): string =>
  [...new Set(shown.flatMap(({ source }) => source.good.map(({ id }) => id)))].toSorted().join(' ')

/** Rejected rows are there once each; of a run that was stopped, perhaps not all of them. */
const wrongQuarantine = (cloud: Cloud, { uploads }: SmallRun, shown: readonly Shown[]): string[] => {
  const rows = cloud.tables.rows.get('acme_quarantine.rejected_rows') ?? []
  const distinct = new Set(rows.map((row) => `${row['origin']} ${row['position']}`)).size
  const most = uploads.reduce((sum, { bad }) => sum + bad, 0)
  const least = shown.reduce((sum, { source }) => sum + source.bad, 0)
  if (distinct !== rows.length) return [`${rows.length - distinct} rejected rows are in quarantine twice`]
  return rows.length <= most && rows.length >= least ? [] : [`the quarantine holds ${rows.length} rows of ${most}`]
}

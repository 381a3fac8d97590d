import type { Cloud } from '../cloud.ts'
import type { Upload } from '../scenario.ts'
import type { SmallRun } from './scenarios.ts'

/**
 * What must be there when a small run is over, from its files and from nothing else: documents are read by their shape, no code of the
 * product is called.
 */
interface RunShape {
  readonly runId: string
  readonly status: string
  readonly cause: { readonly name?: string }
}

interface ReceiptShape {
  readonly runId: string
  readonly fetched: number
  readonly accepted: number
  readonly rejected: number
  readonly filtered: number
  readonly staged: number
  readonly inserted: number
  readonly updated: number
  readonly superseded: number
}

export const judgeSmallRun = (cloud: Cloud, { uploads, ends }: SmallRun): string[] => {
  const problems: string[] = []
  const runs = documents<RunShape>(cloud, 'runs/')
  const receipts = documents<ReceiptShape>(cloud, 'receipts/')
  const published: Upload[] = []
  for (const upload of uploads) {
    const own = runs.filter(({ cause }) => cause.name === upload.object)
    const [run] = own
    if (own.length !== 1 || !run) {
      problems.push(`${upload.object} has ${own.length} runs`)
      continue
    }
    if (!ends.some((end) => end === run.status))
      problems.push(`${upload.object} ended ${run.status}, not ${ends.join(' or ')}`)
    const mine = receipts.filter(({ runId }) => runId === run.runId)
    if (mine.length > 1) problems.push(`${upload.object} has ${mine.length} receipts`)
    const [receipt] = mine
    if (receipt) {
      published.push(upload)
      problems.push(...unbalanced(upload, receipt))
    }
    // A green run has shown its rows; one that was stopped has shown all of them or none.
    const isSuperseded = uploads.length > 1 && upload.pipelineId === 'overwrite'
    if (run.status === 'SUCCEEDED' && !receipt && !isSuperseded)
      problems.push(`${upload.object} is green without a receipt`)
    if (run.status === 'FAILED' && receipt) problems.push(`${upload.object} failed, and its rows are visible`)
  }
  if (uploads.length > 1 && published.length === 0) problems.push('nobody published')
  problems.push(...wrongRows(cloud, uploads, published))
  return problems
}

const documents = <T>(cloud: Cloud, prefix: string): T[] =>
  [...cloud.state.entries()].filter(([key]) => key.startsWith(prefix)).map(([, { value }]) => value as T)

const unbalanced = ({ object, good, bad }: Upload, receipt: ReceiptShape): string[] => {
  const { fetched, accepted, rejected, filtered, staged, inserted, updated, superseded } = receipt
  const counted = [fetched, accepted, rejected, filtered, staged].join(' ')
  const wanted = [good.length + bad, good.length, bad, 0, good.length].join(' ')
  const problems = counted === wanted ? [] : [`the receipt of ${object} counts ${counted}, its files hold ${wanted}`]
  if (inserted + updated + superseded !== good.length)
    problems.push(`the receipt of ${object} tells ${inserted} + ${updated} + ${superseded} of ${good.length} rows`)
  return problems
}

/** One table a scenario. Of several overwrites or merges of the same rows, one upload's are there whole, and which one is nobody's fault. */
const wrongRows = (cloud: Cloud, uploads: readonly Upload[], published: readonly Upload[]): string[] => {
  const table = `acme_raw.${uploads[0]?.pipelineId}`
  const has = (cloud.tables.rows.get(table) ?? []).map((row) => String(row['id'])).toSorted()
  const others = [...cloud.tables.rows].filter(
    ([name]) => name !== table && !name.endsWith('_quarantine.rejected_rows'),
  )
  const problems = others.filter(([, rows]) => rows.length > 0).map(([name]) => `rows in ${name}`)
  const ids = (list: readonly Upload[]): string =>
    [...new Set(list.flatMap(({ good }) => good.map(({ id }) => id)))].toSorted().join(' ')
  const allowed =
    uploads[0]?.pipelineId === 'overwrite' && published.length > 1
      ? published.map((one) => ids([one]))
      : [ids(published)]
  if (!allowed.includes(has.join(' ')))
    problems.push(`${table} holds ${has.join(' ') || 'nothing'}, not ${allowed.join(', or ') || 'nothing'}`)
  return [...problems, ...wrongQuarantine(cloud, uploads, published)]
}

/** Rejected rows are there once each; of a run that was stopped before, perhaps not at all. */
const wrongQuarantine = (cloud: Cloud, uploads: readonly Upload[], published: readonly Upload[]): string[] => {
  const has = cloud.tables.rows.get('acme_quarantine.rejected_rows')?.length ?? 0
  const most = uploads.reduce((sum, { bad }) => sum + bad, 0)
  const least = published.reduce((sum, { bad }) => sum + bad, 0)
  return has === most || (has === 0 && least === 0) ? [] : [`the quarantine holds ${has} rows of ${most}`]
}

import type { Receipt } from '@convergence/core/receipt.ts'
import type { Api, ApiRow } from '../scenario/api.ts'
import type { Cloud } from '../cloud.ts'
import type { SimRow } from '../processor.ts'
import type { StepSource, Upload } from '../scenario/uploads.ts'
import type { Publish } from './tables.ts'

/** What a publish must have brought: from its source alone. */
export const judgeSource = (
  { cloud, api }: { readonly cloud: Cloud; readonly api: Api },
  publish: Publish,
  report: (text: string) => void,
): void => {
  const { landed, run, upload, step } = publish
  const has = landed.rows.map(textOf)
  const say = (text: string): void => report(`${run.runId} ${step.stepId}: ${text}`)
  const foreign = landed.rows.filter((row) => row['_run_id'] !== run.runId)
  if (foreign.length > 0) say(`published rows of ${foreign.map((row) => row['_run_id']).join(', ')}`)
  if (step.table === 'copy') return judgeCopy(publish, cloud, say)
  if (step.table === 'list') return judgeList(api, publish, has, say)
  if (step.cursor !== undefined) return judgeWindow(api, cloud, publish, has, say)
  const source = sourceOf(upload, step.stepId)
  const fixed = source.good.map(({ id, day, amount }) => `${id} ${day} ${amount}`)
  const moving = (upload.moving ?? []).map(({ versions }) => [
    ...versions.map(({ good }) => good.map(({ id, day, amount }) => `${id} ${day} ${amount}`)),
    ...(versions[0]?.afterMs === 0 ? [] : [[]]),
  ])
  const whole = moving.map(
    (versions) => versions.find((rows) => rows.length > 0 && rows.every((row) => has.includes(row))) ?? [],
  )
  for (const [index, rows] of whole.entries())
    if (rows.length === 0 && !moving[index]?.some((version) => version.length === 0)) say('a file is missing')
  compare(has, [...fixed, ...whole.flat()], say)
}

export const sourceOf = (upload: Upload, stepId: string): StepSource => upload.steps?.[stepId] ?? upload

const textOf = (row: SimRow | ApiRow): string => `${row.id} ${row.day} ${row.amount}`

const compare = (has: readonly string[], wanted: readonly string[], say: (text: string) => void): void => {
  const lost = wanted.filter((row) => !has.includes(row))
  const extra = has.filter((row, index) => !wanted.includes(row) || has.indexOf(row) !== index)
  if (lost.length + extra.length > 0)
    say(`published without ${lost.join(', ') || 'none'}; doubled or unexpected ${extra.join(', ') || 'none'}`)
}

/** A transform: what the table that it reads held when the copy became visible. */
const judgeCopy = ({ landed, run }: Publish, cloud: Cloud, say: (text: string) => void): void => {
  const before = cloud.tables.landed.slice(0, cloud.tables.landed.indexOf(landed))
  const wanted = before
    .filter(({ table }) => table === `${run.tenant}_raw.graph_a`)
    .flatMap(({ rows }) => rows.map(textOf))
  compare(landed.rows.map(textOf).toSorted(), wanted.toSorted(), say)
}

/** All rows that were there when it was asked for; those that came meanwhile may be there. Pages that shift show a row twice. */
const judgeList = (api: Api, { run, upload }: Publish, has: readonly string[], say: (text: string) => void): void => {
  const all = (api.rows.get(run.tenant) ?? []).filter(({ amount }) => amount !== 'bad')
  const early = all.filter(({ seenAtMs }) => seenAtMs <= api.startMs + upload.atMs)
  for (const row of early) if (!has.includes(textOf(row))) say(`published without ${textOf(row)}`)
  for (const text of has)
    if (!all.some((row) => textOf(row) === text)) say(`published ${text}, which the source has not`)
}

/** The rows of the window that the receipt names, all of them, once each. */
const judgeWindow = (
  api: Api,
  cloud: Cloud,
  { run, step }: Publish,
  has: readonly string[],
  say: (text: string) => void,
): void => {
  const receipt = cloud.state.get(`receipts/${run.runId}/${step.stepId}`)?.value as Receipt | undefined
  if (!receipt) return
  const { cursorFrom: from, cursorTo: to } = receipt
  const inWindow = ({ updated_at: at, seq }: ApiRow): boolean =>
    step.cursor === 'seq' ? seq > Number(from ?? 0) && seq <= Number(to ?? 0) : at >= (from ?? '') && at < (to ?? '')
  const rows = (api.rows.get(run.tenant) ?? []).filter((row) => row.amount !== 'bad' && inWindow(row))
  compare(has, rows.map(textOf), say)
}

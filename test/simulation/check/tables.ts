import type { Run } from '@convergence/core/run/run.ts'
import type { Cloud } from '../cloud.ts'
import type { SimRow } from '../processor.ts'
import { stepFacts, type StepFacts } from '../scenario/pipelines.ts'
import type { Upload } from '../scenario/uploads.ts'
import type { Landed } from '../tables.ts'

/**
 * What each table must hold: from the rows that each publish brought (see `sources.ts`), and from the order in which they became
 * visible. Says itself what append, overwrite and merge mean.
 */
export interface Publish {
  readonly landed: Landed
  readonly run: Run
  readonly upload: Upload
  readonly step: StepFacts
  /** When its step was planned: who is newer. */
  readonly plannedAt: string
}

interface Held {
  readonly id: string
  readonly day: string
  readonly run: string
  readonly plannedAt: string
}

/** Expected content of each table against what it has; rows by their identity. */
export const judgeTables = (cloud: Cloud, publishes: readonly Publish[], report: (text: string) => void): void => {
  const tables = new Map<string, Held[]>()
  /** The newest overwrite of each day. */
  const newest = new Map<string, string>()
  for (const { landed, run, step, plannedAt } of publishes) {
    const held = tables.get(landed.table) ?? []
    const rows = landed.rows.map((row) => ({ ...identityOf(row), run: run.runId, plannedAt }))
    tables.set(landed.table, after(held, rows, step, { plannedAt, newest, table: landed.table }))
  }
  for (const [table, held] of tables) {
    const wanted = held.map(({ id, run }) => `${id} of ${run}`).toSorted()
    const has = (cloud.tables.rows.get(table) ?? []).map((row) => `${row['id']} of ${row['_run_id']}`).toSorted()
    if (JSON.stringify(has) !== JSON.stringify(wanted)) report(`${table}: ${difference(has, wanted)}`)
    if (stepsOf(table).some(({ strategy, keys }) => strategy === 'merge' && !keys)) judgeKeys(cloud, table, report)
  }
  for (const table of cloud.tables.rows.keys())
    if (!tables.has(table) && !table.endsWith('_quarantine.rejected_rows'))
      report(`${table} is there, and nobody loads it`)
}

const after = (
  held: readonly Held[],
  rows: readonly Held[],
  step: StepFacts,
  at: { plannedAt: string; newest: Map<string, string>; table: string },
): Held[] => {
  if (step.strategy === 'append') return [...held, ...rows]
  if (step.strategy === 'merge') {
    const keyOf = (row: Held): string => (step.keys ?? ['id']).map((key) => row[key]).join(' ')
    // Of several rows with one key the last is kept.
    const last = new Map(rows.map((row) => [keyOf(row), row]))
    return [...held.filter((row) => !last.has(keyOf(row))), ...last.values()]
  }
  // Older never replaces newer, day by day.
  const own = (step.days ?? []).filter((day) => at.plannedAt >= (at.newest.get(`${at.table} ${day}`) ?? ''))
  for (const day of own) at.newest.set(`${at.table} ${day}`, at.plannedAt)
  return [...held.filter(({ day }) => !own.includes(day)), ...rows.filter(({ day }) => own.includes(day))]
}

const identityOf = (row: SimRow): { id: string; day: string } => ({ id: row['id'] ?? '', day: row['day'] ?? '' })

const judgeKeys = (cloud: Cloud, table: string, report: (text: string) => void): void => {
  const ids = (cloud.tables.rows.get(table) ?? []).map((row) => row['id'])
  const twice = ids.filter((id, index) => ids.indexOf(id) !== index)
  if (twice.length > 0) report(`${table} has ${twice.join(', ')} twice`)
}

const stepsOf = (table: string): readonly StepFacts[] => stepFacts().filter((step) => table.endsWith(`.${step.table}`))

const difference = (has: readonly string[], wanted: readonly string[]): string => {
  const lost = wanted.filter((row) => !has.includes(row))
  const extra = has.filter((row, index) => !wanted.includes(row) || has.indexOf(row) !== index)
  return `lost ${lost.join(', ') || 'none'}; doubled or unexpected ${extra.join(', ') || 'none'}`
}

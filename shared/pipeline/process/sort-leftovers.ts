import { join } from 'node:path'
import { canonicalRow } from './csv/canonical-row.ts'
import type { JobRequest, SpooledRejects } from './job.ts'
import type { TextTable } from './polars/text-table.ts'
import type { rowRules } from './row-rules.ts'
import { RejectsFile } from './spool/rejects-file.ts'
import { SpoolFile } from './spool/spool-file.ts'

export interface SortedLeftovers {
  readonly accepted: number
  readonly filtered: number
  /** Canonical texts of the accepted rows, in the order of the target columns; there only when there are any. */
  readonly path: string
  readonly rejects: SpooledRejects
}

/** Reads the rows at `indexes` (a rising list for each piece) again, cell by cell. */
export const sortLeftovers = async (
  table: TextTable,
  request: JobRequest,
  rule: ReturnType<typeof rowRules>,
  indexes: readonly (readonly number[])[],
  directory: string,
): Promise<SortedLeftovers> => {
  const byName = new Map(table.names.map((name, i) => [name, i]))
  const sources = request.columns.map((column) => byName.get(column.source) ?? -1)
  const good = new SpoolFile(join(directory, 'good.csv'))
  const rejects = new RejectsFile(join(directory, 'rejected.csv'), request.origin)
  let accepted = 0
  let filtered = 0
  for (const [i, piece] of table.pieces.entries()) {
    for await (const { position, cells } of piece.rows(indexes[i] ?? [])) {
      const verdict = rule(sources.map((source) => (source === -1 ? null : (cells[source] ?? null))))
      if (verdict.outcome === 'filtered') filtered++
      else if (verdict.outcome === 'accepted') {
        accepted++
        if (good.add(canonicalRow(verdict.cells))) await good.flush()
      } else {
        const { column, value, reason } = verdict
        await rejects.add({ position, column, value, reason, raw: rawRow(table.names, cells) })
      }
    }
  }
  if (accepted > 0) await good.close()
  return { accepted, filtered, path: good.path, rejects: await rejects.close() }
}

const rawRow = (names: readonly string[], cells: readonly (string | null)[]): string =>
  JSON.stringify(Object.fromEntries(names.map((name, i) => [name, cells[i] ?? null])))

import { closeSync, openSync, readSync } from 'node:fs'
import { CANONICAL } from '../csv/canonical-row.ts'
import { csvDialect } from '../csv/dialect.ts'
import { CsvRecord, fieldText, INCOMPLETE, readRecord } from '../csv/read-record.ts'
import type { TargetColumn } from '@convergence/core/ports/processor.ts'
import type { Segment, SpooledTable } from '../job.ts'

const LOOK_BYTES = 64 << 10
const SPACED = /^\d{4}-\d\d-\d\d \d/

/** For each target, whether its first text in the segment has a blank between date and time. A wrong guess costs time only. */
export const writesSpaces = (
  table: SpooledTable,
  segment: Segment,
  columns: readonly TargetColumn[],
  sources: readonly number[],
): boolean[] => {
  const instants = columns.map(({ field }) => field.type === 'TIMESTAMP' || field.type === 'DATETIME')
  if (!instants.includes(true)) return []
  const canonical = segment.kind === 'canonical'
  const dialect = csvDialect(canonical ? CANONICAL : table)
  const bytes = beginning(segment.path)
  const record = new CsvRecord()
  const seen: (string | undefined)[] = []
  for (let at = 0; at < bytes.length;) {
    at = readRecord(bytes, at, record, dialect, false)
    if (at === INCOMPLETE) break
    for (const [i, source] of sources.entries()) {
      const cell = source + (canonical ? 1 : 0)
      if (
        instants[i] &&
        source >= 0 &&
        cell < record.count &&
        (record.ends[cell] as number) > (record.starts[cell] as number)
      )
        seen[i] ??= fieldText(bytes, record, cell, dialect)
    }
    if (instants.every((instant, i) => !instant || seen[i] !== undefined)) break
  }
  return instants.map((instant, i) => instant && SPACED.test(seen[i] ?? ''))
}

const beginning = (path: string): Buffer => {
  const file = openSync(path, 'r')
  try {
    const bytes = Buffer.alloc(LOOK_BYTES)
    return bytes.subarray(0, readSync(file, bytes, 0, LOOK_BYTES, 0))
  } finally {
    closeSync(file)
  }
}

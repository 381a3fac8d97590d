import { createReadStream } from 'node:fs'
import type { Segment, SpooledTable } from '../job.ts'
import { CANONICAL } from './canonical-row.ts'
import { csvDialect } from './dialect.ts'
import { CsvRecord, fieldText, INCOMPLETE, readRecord } from './read-record.ts'

export interface SegmentRow {
  readonly position: number
  readonly cells: readonly (string | null)[]
}

/** The rows of a segment whose indexes (from 0, rising) are asked for. */
export async function* readSegment(
  table: SpooledTable,
  segment: Segment,
  indexes: readonly number[],
): AsyncIterable<SegmentRow> {
  if (indexes.length === 0) return
  const canonical = segment.kind === 'canonical'
  const dialect = csvDialect(canonical ? CANONICAL : table)
  const nulls = new Set(canonical ? [''] : table.nullValues)
  const record = new CsvRecord()
  let index = 0
  let next = 0
  let rest: Buffer = Buffer.alloc(0)
  let wanted = 1
  for await (const chunk of withEnd(createReadStream(segment.path, { highWaterMark: 1 << 20 }))) {
    if (chunk !== END) rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    if (rest.length < wanted && chunk !== END) continue
    let at = 0
    for (;;) {
      const end = at < rest.length ? readRecord(rest, at, record, dialect, false) : INCOMPLETE
      if (end === INCOMPLETE) break
      if (index++ === indexes[next]) {
        next++
        const cells = Array.from({ length: record.count }, (_, i) => {
          const text = fieldText(rest, record, i, dialect)
          return record.quoting[i] === 0 && nulls.has(text) ? null : text
        })
        yield canonical
          ? { position: Number(cells[0]), cells: cells.slice(1) }
          : { position: segment.firstPosition + index - 1, cells }
        if (next === indexes.length) return
      }
      at = end
    }
    wanted = at === 0 ? rest.length * 2 : 1
    rest = rest.subarray(at)
  }
}

const END: Buffer = Buffer.alloc(0)

/** The end of the file is told: what waited for more bytes is whole by then. */
async function* withEnd(chunks: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  yield* chunks
  yield END
}

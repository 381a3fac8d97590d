import { InternalError } from '@convergence/core/errors.ts'
import type { Json, LinkEnd, LinkRead } from '../connector.ts'
import type { ExtractedRecords } from '../json-records.ts'
import { encodeCsv, extractRecords, csvLine, RowMemory } from '../json-records.ts'
import type { Decoded, PageReader, ReadPage } from './pages.ts'
import { fetchPage, readPage, recordOptions } from './pages.ts'
import type { Place } from './pagination.ts'
import { firstPlace } from './pagination.ts'

/** A link ends after so much: what a crash or a second delivery reads again, and what a worker holds at a time. */
const MAX_LINK_BYTES = 128_000_000
const MAX_LINK_PAGES = 400
const MAX_LINK_MS = 60_000

/** What inference needs to see, and the requests that it may cost. */
const SAMPLE_RECORDS = 1_000
const SAMPLE_PAGES = 5

const CSV = { format: 'csv', delimiter: ',', quote: '"', header: false, nullValues: [''] } as const

/** Reads pages from a place on, as CSV. The first page is asked for at once, each other one while the page before it is consumed. */
export const readLink = async (
  reader: PageReader & { requests: () => number },
  columns: readonly string[],
  continuation: Json | undefined,
): Promise<LinkRead> => {
  const start = (continuation as unknown as Place | undefined) ?? firstPlace(reader.resource.pagination)
  const { clock } = reader.context
  const deadlineMs = clock.nowMs() + MAX_LINK_MS
  const first = await fetchPage(reader, start)
  const options = { ...recordOptions(reader), columns }
  const memory = new RowMemory()
  const decode = (bytes: Uint8Array): Decoded<readonly string[]> => {
    const { csv, count, unknown, document } = encodeCsv(bytes, options, memory)
    return { records: unknown, count, content: csv, document }
  }
  const unknown = new Set<string>()
  let next: Place | undefined
  let isRead = false
  const body = async function* (): AsyncGenerator<Uint8Array> {
    let place = start
    let answer = first
    let bytes = 0
    for (let pages = 1; ; pages++) {
      const page = readPage(reader, place, answer, decode)
      for (const column of page?.records ?? []) unknown.add(column)
      next = page?.next
      bytes += page?.bytes ?? 0
      const goesOn =
        next !== undefined && pages < MAX_LINK_PAGES && bytes < MAX_LINK_BYTES && clock.nowMs() < deadlineMs
      const following = goesOn && next !== undefined ? fetchPage(reader, next) : undefined
      // Its failure is met when it is awaited; a consumer that stops before that need not hear of it.
      following?.catch(() => {})
      if (page !== undefined && page.count > 0) yield page.content()
      if (following === undefined || next === undefined) break
      place = next
      answer = await following
    }
    isRead = true
  }
  return {
    input: {
      format: { ...CSV, columns },
      body: body(),
      origin: originOf(reader),
      firstRow: start.records + 1,
      piecemeal: true,
    },
    end: () => endOf(isRead, next, unknown, reader.requests()),
  }
}

/** The first records of the first pages, with all columns that they have. */
export const sampleLink = async (reader: PageReader & { requests: () => number }): Promise<LinkRead> => {
  const options = recordOptions(reader)
  const columns: string[] = []
  const rows: Map<string, string | null>[] = []
  let place: Place | undefined = firstPlace(reader.resource.pagination)
  for (let pages = 0; place !== undefined && pages < SAMPLE_PAGES && rows.length < SAMPLE_RECORDS; pages++) {
    const decode = (bytes: Uint8Array) => {
      const extracted = extractRecords(bytes, { ...options, limit: SAMPLE_RECORDS })
      return {
        records: extracted,
        count: extracted.count,
        content: () => new Uint8Array(0),
        document: extracted.document,
      }
    }
    const page: ReadPage<ExtractedRecords> | undefined = readPage(reader, place, await fetchPage(reader, place), decode)
    for (const column of page?.records.columns ?? []) if (!columns.includes(column)) columns.push(column)
    for (const row of page?.records.rows ?? [])
      rows.push(new Map(row.map((cell, i) => [page?.records.columns[i] ?? '', cell])))
    place = page?.next
  }
  const lines = rows.slice(0, SAMPLE_RECORDS).map((row) => csvLine(columns.map((column) => row.get(column) ?? null)))
  const body = async function* (): AsyncGenerator<Uint8Array> {
    yield Buffer.from(lines.join(''))
  }
  return {
    input: { format: { ...CSV, columns }, body: body(), origin: originOf(reader), firstRow: 1 },
    end: () => endOf(true, undefined, new Set(), reader.requests()),
  }
}

const endOf = (isRead: boolean, next: Place | undefined, unknown: ReadonlySet<string>, requests: number): LinkEnd => {
  if (!isRead) throw new InternalError('a link was ended before its body was read to the end')
  return {
    ...(next !== undefined && { continuation: next as unknown as Json }),
    unknownColumns: [...unknown],
    requests,
  }
}

/** What quarantine calls the request that a record came with. */
const originOf = ({ context, slot }: PageReader): string => {
  const { window } = slot
  return `${context.source.source_id}.${context.resource}${window ? ` ${window.start ?? ''}/${window.end ?? ''}` : ''}`
}

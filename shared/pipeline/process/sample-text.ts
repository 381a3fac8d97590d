import { DataRejectedError } from '@convergence/core/errors.ts'
import { parseJsonPath } from '@convergence/core/json-path.ts'
import type { CsvInput, JsonInput, ProcessInput, Sample } from '@convergence/core/ports/processor.ts'
import { extractRecords } from '../connectors/json-records.ts'
import { csvDialect } from './csv/dialect.ts'
import { CsvRecord, fieldText, INCOMPLETE, readRecord } from './csv/read-record.ts'
import { wholeBody, wholeLines, withOrigin } from './spool/spool-json.ts'
import { checkNames, contentStart, headerNames, skipBlankLines } from './spool/table-header.ts'

const MAX_SAMPLE_BYTES = 64 << 20

/** The first records of a CSV body. Records that are no rows (another number of fields) are left out: they say nothing about types. */
export const sampleCsv = async (input: ProcessInput, format: CsvInput, limit: number): Promise<Sample> => {
  const chunks: Uint8Array[] = []
  let bytes = 0
  let wanted = 1 << 16
  for await (const chunk of input.body) {
    chunks.push(Buffer.from(chunk))
    bytes += chunk.length
    if (bytes < wanted) continue
    const sample = readSample(Buffer.concat(chunks), input, format, limit, false)
    if (sample && (sample.rows.length >= limit || bytes >= MAX_SAMPLE_BYTES)) return sample
    if (bytes >= MAX_SAMPLE_BYTES)
      throw new DataRejectedError(
        `${input.origin}: the header is longer than 64 MiB; a quote that opens in it is probably never closed, or the file is no CSV`,
      )
    wanted = bytes * 2
  }
  return readSample(Buffer.concat(chunks), input, format, limit, true) as Sample
}

const readSample = (
  bytes: Buffer,
  input: ProcessInput,
  format: CsvInput,
  limit: number,
  last: boolean,
): Sample | undefined => {
  const dialect = csvDialect(format)
  const record = new CsvRecord()
  const nulls = new Set(format.nullValues)
  const { origin } = input
  let at = contentStart(bytes, origin)
  let columns = format.columns ?? []
  if (format.header) {
    at = skipBlankLines(bytes, at)
    const header = bytes.subarray(at)
    const end = header.length === 0 ? INCOMPLETE : readRecord(header, 0, record, dialect, last)
    if (end === INCOMPLETE) {
      if (!last) return undefined
      throw new DataRejectedError(
        header.length === 0
          ? `${origin}: empty file; a header was expected`
          : `${origin}: the quote that opens in the header is never closed`,
      )
    }
    columns = headerNames(header, record, end, dialect, origin)
    at += end
  } else checkNames(columns, origin)
  const rows: (string | null)[][] = []
  while (at < bytes.length && rows.length < limit) {
    const end = readRecord(bytes, at, record, dialect, last)
    if (end === INCOMPLETE) break
    at = end
    if (record.count !== columns.length || record.problem) continue
    rows.push(
      columns.map((_, i) => {
        const text = fieldText(bytes, record, i, dialect)
        return record.quoting[i] === 0 && nulls.has(text) ? null : text
      }),
    )
  }
  return { columns, rows }
}

export const sampleJson = async (input: ProcessInput, format: JsonInput, limit: number): Promise<Sample> => {
  if (format.format === 'json') {
    const bytes = await wholeBody(input)
    const { columns, rows } = withOrigin(input.origin, () =>
      extractRecords(bytes, { records: parseJsonPath(format.records ?? '[*]'), limit }),
    )
    return { columns, rows }
  }
  const columns: string[] = []
  const found: Map<string, string | null>[] = []
  for await (const lines of wholeLines(input)) {
    for (const line of lines.toString('utf8').split('\n')) {
      if (found.length >= limit) break
      if (line.trim() !== '') addLine(line, columns, found)
    }
    if (found.length >= limit) break
  }
  return { columns, rows: found.map((cells) => columns.map((name) => cells.get(name) ?? null)) }
}

/** A line that is no object is a rejected row later; it says nothing about types. */
const addLine = (line: string, columns: string[], found: Map<string, string | null>[]): void => {
  try {
    const { columns: names, rows } = extractRecords(Buffer.from(line), { records: parseJsonPath('$') })
    for (const name of names) if (!columns.includes(name)) columns.push(name)
    for (const row of rows) found.push(new Map(names.map((name, i) => [name, row[i] ?? null])))
  } catch (error) {
    if (!(error instanceof DataRejectedError)) throw error
  }
}

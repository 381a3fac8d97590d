import { DataRejectedError, LimitExceededError } from '@convergence/core/errors.ts'
import { parseJsonPath } from '@convergence/core/json-path.ts'
import type { CsvInput, JsonInput, ProcessInput, TargetColumn } from '@convergence/core/ports/processor.ts'
import { encodeCsv, RowMemory } from '../../connectors/json-records.ts'
import { CsvSpooler } from './spool-csv.ts'
import type { TableSink } from './table-sink.ts'

const BLOCK_BYTES = 1 << 20
const LF = 0x0a
const COMMA = 0x2c
/** A document is read whole: one that is larger had better be NDJSON. */
const MAX_DOCUMENT_BYTES = 512 << 20

const TEXT_CELLS = {
  format: 'csv',
  delimiter: ',',
  quote: '"',
  header: false,
  nullValues: [''],
} as const satisfies Partial<CsvInput>

/**
 * Writes the records of a JSON body as text cells of the wanted columns: numbers keep their digits, NULL is not the empty text. Gives the
 * keys that are not wanted.
 */
export const spoolJson = async (
  input: ProcessInput,
  format: JsonInput,
  columns: readonly TargetColumn[],
  wanted: readonly string[],
  tables: TableSink,
): Promise<readonly string[]> => {
  const spooler = new CsvSpooler(input, { ...TEXT_CELLS, columns: wanted }, columns, tables)
  const unknown = new Set<string>()
  const memory = new RowMemory()
  const encode = (bytes: Uint8Array, records: string): Buffer => {
    const encoded = encodeCsv(bytes, { records: parseJsonPath(records), columns: wanted }, memory)
    for (const name of encoded.unknown) unknown.add(name)
    const csv = encoded.csv()
    return Buffer.from(csv.buffer, csv.byteOffset, csv.byteLength)
  }
  const spoolDocument = (bytes: Buffer): Promise<void> =>
    spooler.push(withOrigin(input.origin, () => encode(bytes, format.records ?? '[*]')))
  await spooler.spool(async () => {
    if (format.format === 'json') await spoolDocument(await wholeBody(input))
    else await spoolLines(input, spooler, encode)
  })
  return [...unknown]
}

type Encode = (bytes: Uint8Array, records: string) => Buffer

/** What is wrong with a document is told with its name. */
export const withOrigin = <T>(origin: string, read: () => T): T => {
  try {
    return read()
  } catch (error) {
    if (error instanceof DataRejectedError)
      throw new DataRejectedError(`${origin}: ${error.message}`, { details: error.details })
    throw error
  }
}

export const wholeBody = async (input: ProcessInput): Promise<Buffer> => {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of input.body) {
    bytes += chunk.length
    if (bytes > MAX_DOCUMENT_BYTES)
      throw new LimitExceededError(
        `${input.origin}: a JSON document of more than 512 MiB; write it as NDJSON, one record a line`,
      )
    chunks.push(Buffer.from(chunk))
  }
  if (bytes === 0) throw new DataRejectedError(`${input.origin}: empty file`)
  return Buffer.concat(chunks)
}

/** NDJSON in blocks of whole lines, each as one array; only a block with a bad line is read line by line, to reject that line alone. */
const spoolLines = async (input: ProcessInput, spooler: CsvSpooler, encode: Encode): Promise<void> => {
  let bytes = 0
  for await (const lines of wholeLines(input)) {
    bytes += lines.length
    const rows = asArray(lines, encode)
    if (rows) await spooler.push(rows)
    else await spoolEachLine(lines, spooler, encode)
  }
  if (bytes === 0) throw new DataRejectedError(`${input.origin}: empty file`)
}

const asArray = (lines: Buffer, encode: Encode): Buffer | undefined => {
  const array = Buffer.allocUnsafe(lines.length + 2)
  array[0] = 0x5b
  let length = 1
  for (let start = 0; start < lines.length;) {
    const found = lines.indexOf(LF, start)
    const end = found === -1 ? lines.length : found
    // A comma at a line's start or end would join lines that are none.
    if (!isBlank(lines, start, end)) {
      if (!isObject(lines, start, end)) return undefined
      if (length > 1) array[length++] = COMMA
      length += lines.copy(array, length, start, end)
    }
    start = end + 1
  }
  array[length++] = 0x5d
  try {
    return encode(array.subarray(0, length), '[*]')
  } catch (error) {
    if (error instanceof DataRejectedError) return undefined
    throw error
  }
}

const spoolEachLine = async (lines: Buffer, spooler: CsvSpooler, encode: Encode): Promise<void> => {
  for (let start = 0; start < lines.length;) {
    const found = lines.indexOf(LF, start)
    const end = found === -1 ? lines.length : found
    if (!isBlank(lines, start, end)) await spoolLine(lines.subarray(start, end), spooler, encode)
    start = end + 1
  }
}

const spoolLine = async (line: Buffer, spooler: CsvSpooler, encode: Encode): Promise<void> => {
  let row: Buffer
  try {
    row = encode(line, '$')
  } catch (error) {
    if (!(error instanceof DataRejectedError)) throw error
    return spooler.reject(
      `the line is no JSON object: ${error.message}`,
      JSON.stringify([line.toString('utf8').toWellFormed()]),
    )
  }
  await spooler.push(row)
}

const isBlank = (bytes: Buffer, start: number, end: number): boolean => {
  for (let at = start; at < end; at++) if ((bytes[at] as number) > 0x20) return false
  return true
}

/** Starts with { and ends with }, so that two lines cannot make one value between them unnoticed. */
const isObject = (bytes: Buffer, start: number, end: number): boolean => {
  let [first, last] = [start, end - 1]
  while ((bytes[first] as number) <= 0x20) first++
  while ((bytes[last] as number) <= 0x20) last--
  return bytes[first] === 0x7b && bytes[last] === 0x7d
}

export async function* wholeLines(input: ProcessInput): AsyncIterable<Buffer> {
  let pending: Buffer[] = []
  let bytes = 0
  for await (const chunk of input.body) {
    pending.push(Buffer.from(chunk))
    bytes += chunk.length
    if (bytes < BLOCK_BYTES) continue
    const whole = Buffer.concat(pending)
    const end = whole.lastIndexOf(LF) + 1
    if (end > 0) yield end === whole.length ? whole : whole.subarray(0, end)
    pending = end < whole.length ? [whole.subarray(end)] : []
    bytes = whole.length - end
    if (bytes > MAX_DOCUMENT_BYTES) throw new LimitExceededError(`${input.origin}: a line of more than 512 MiB`)
  }
  if (bytes > 0) yield Buffer.concat(pending)
}

import { DataRejectedError } from '@convergence/core/errors.ts'
import { LF, type CsvDialect } from '../../process/csv/dialect.ts'
import { CsvRecord, INCOMPLETE, readRecord } from '../../process/csv/read-record.ts'
import { PendingBytes } from '../../pending-bytes.ts'
import { contentStart, headerNames, skipBlankLines, START_BYTES } from '../../process/spool/table-header.ts'

/** A range of whole records of a file. */
export interface FileSlice {
  readonly start: number
  readonly end: number
  /** Position of its first record: 1 is the first after the header. */
  readonly firstRow: number
  readonly records: number
  /** Names of the header, where the file has one. */
  readonly columns?: readonly string[] | undefined
}

export interface SplitOptions {
  readonly origin: string
  readonly dialect: CsvDialect
  readonly header: boolean
  /** A file of one column: a blank line is a record. */
  readonly oneColumn?: boolean | undefined
  readonly sliceBytes: number
}

const MAX_RECORD_BYTES = 64 << 20

/**
 * Slices of about `sliceBytes` that begin and end between records, in one pass over the file: quoted line ends do not split. Lines without
 * quotes are counted at the speed of memory. A file without records gives one slice, so that somebody looks at it.
 */
export async function* splitCsv(body: AsyncIterable<Uint8Array>, options: SplitOptions): AsyncIterable<FileSlice> {
  const splitter = new Splitter(options)
  const pending = new PendingBytes()
  let wanted = 1
  for await (const chunk of body) {
    pending.add(chunk)
    if (pending.length < wanted) continue
    const used = splitter.consume(pending.bytes, false)
    wanted = used === 0 ? pending.length * 2 : 1
    pending.drop(used)
    if (pending.length > MAX_RECORD_BYTES)
      throw new DataRejectedError(
        `${options.origin}: record ${splitter.position} is longer than 64 MiB; a quote that opens in it is probably never closed`,
      )
    if (splitter.sliceBytes >= options.sliceBytes) yield splitter.cut()
  }
  const used = splitter.consume(pending.bytes, true)
  if (used < pending.length)
    throw new DataRejectedError(
      `${options.origin}: the quote that opens in record ${splitter.position} is never closed`,
    )
  if (splitter.sliceBytes > 0 || splitter.slices === 0) yield splitter.cut()
}

class Splitter {
  readonly #options: SplitOptions
  readonly #record = new CsvRecord()
  #columns: readonly string[] | undefined
  #oneColumn: boolean
  #ready = false
  #at = 0
  #start = 0
  #firstRow = 1
  #records = 0
  slices = 0

  constructor(options: SplitOptions) {
    this.#options = options
    this.#oneColumn = options.oneColumn ?? false
  }

  /** Position of the next record. */
  get position(): number {
    return this.#firstRow + this.#records
  }

  get sliceBytes(): number {
    return this.#at - this.#start
  }

  cut(): FileSlice {
    const slice = {
      start: this.#start,
      end: this.#at,
      firstRow: this.#firstRow,
      records: this.#records,
      ...(this.#columns && { columns: this.#columns }),
    }
    this.#start = this.#at
    this.#firstRow += this.#records
    this.#records = 0
    this.slices++
    return slice
  }

  /** Counts whole records, and gives the number of bytes that they take. */
  consume(bytes: Buffer, last: boolean): number {
    let used = 0
    if (!this.#ready) {
      used = this.#readHeader(bytes, last)
      if (!this.#ready) return 0
      this.#start = this.#at = used
    }
    const block = bytes.subarray(used)
    const { quote } = this.#options.dialect
    const plain = quote === -1 || !block.includes(quote)
    const counted = plain ? this.#countLines(block, last) : this.#countRecords(block, last)
    this.#at += counted
    return used + counted
  }

  #readHeader(bytes: Buffer, last: boolean): number {
    const { origin, header, dialect } = this.#options
    if (bytes.length < START_BYTES && !last) return 0
    let at = contentStart(bytes, origin)
    if (header) {
      at = skipBlankLines(bytes, at)
      const line = bytes.subarray(at)
      const end = line.length === 0 ? INCOMPLETE : readRecord(line, 0, this.#record, dialect, last)
      if (end === INCOMPLETE) {
        if (!last) return 0
        throw new DataRejectedError(
          line.length === 0
            ? `${origin}: empty file; a header was expected`
            : `${origin}: the quote that opens in the header is never closed`,
        )
      }
      this.#columns = headerNames(line, this.#record, end, dialect, origin)
      this.#oneColumn = this.#columns.length === 1
      at += end
    }
    this.#ready = true
    return at
  }

  #countLines(block: Buffer, last: boolean): number {
    let start = 0
    for (let end = block.indexOf(LF); end !== -1; end = block.indexOf(LF, start)) {
      if (this.#oneColumn || !isBlank(block, start, end)) this.#records++
      start = end + 1
    }
    if (!last || start === block.length) return start
    if (this.#oneColumn || !isBlank(block, start, block.length)) this.#records++
    return block.length
  }

  #countRecords(block: Buffer, last: boolean): number {
    let at = 0
    while (at < block.length) {
      const end = readRecord(block, at, this.#record, this.#options.dialect, last)
      if (end === INCOMPLETE) break
      if (this.#oneColumn || !isBlank(block, at, block[end - 1] === LF ? end - 1 : end)) this.#records++
      at = end
    }
    return at
  }
}

const isBlank = (bytes: Buffer, start: number, end: number): boolean =>
  end === start || (end === start + 1 && bytes[start] === 0x0d)

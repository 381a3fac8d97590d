import { isUtf8 } from 'node:buffer'
import { join } from 'node:path'
import { DataRejectedError } from '@convergence/core/errors.ts'
import type { CsvInput, ProcessInput, TargetColumn } from '@convergence/core/ports/processor.ts'
import { canonicalRow } from '../csv/canonical-row.ts'
import { cellRules, type CellRules } from '../csv/cell-rules.ts'
import { countPlainRecords, isPlain, NOT_PLAIN } from '../csv/count-records.ts'
import { countRuledRecords, UNRULED } from '../csv/count-ruled-records.ts'
import { csvDialect, LF, type CsvDialect } from '../csv/dialect.ts'
import { CsvRecord, fieldText, INCOMPLETE, readRecord } from '../csv/read-record.ts'
import type { Segment } from '../job.ts'
import { PendingBytes } from '../../pending-bytes.ts'
import { RejectsFile } from './rejects-file.ts'
import { SpoolFile } from './spool-file.ts'
import type { TableSink } from './table-sink.ts'
import { checkNames, contentStart, headerNames, skipBlankLines, START_BYTES } from './table-header.ts'

/** A record larger than this is a quote that nobody closed. */
const MAX_RECORD_BYTES = 64 << 20

/**
 * Writes a CSV body to files that polars reads without any choice of its own, and counts its records independently of polars.
 * As long as every record is in order the bytes are written as they are (verbatim); from the first block that holds one which is not,
 * each good record is written anew with its position (canonical) and each bad one goes to the rejects. Blank lines are no records,
 * unless the table has one column. Throws DataRejectedError when the file as a whole is unusable.
 */
export const spoolCsv = async (
  input: ProcessInput,
  format: CsvInput,
  columns: readonly TargetColumn[],
  tables: TableSink,
): Promise<void> => {
  const spooler = new CsvSpooler(input, format, columns, tables)
  return spooler.spool(async () => {
    for await (const chunk of input.body) await spooler.push(chunk)
  })
}

/** The work of `spoolCsv`, fed from outside. */
export class CsvSpooler {
  readonly #format: CsvInput
  readonly #columns: readonly TargetColumn[]
  readonly #dialect: CsvDialect
  readonly #origin: string
  readonly #tables: TableSink
  readonly #record = new CsvRecord()
  readonly #nulls: ReadonlySet<string>
  #directory: string
  #rejects: RejectsFile
  #segments: Segment[] = []
  #tableBytes = 0
  #handedOver = 0
  #names: readonly string[] | undefined
  /** Of the verbatim segment, as long as all its cells keep them. */
  #rules: CellRules | undefined
  #position: number
  #file: SpoolFile | undefined
  #canonical = false
  #segmentRecords = 0
  #segmentStart: number
  readonly #pending = new PendingBytes()
  /** Pending bytes before it is worth looking for a record's end again: a field of 10 MB arrives in hundreds of pieces. */
  #wanted = 1
  #started = false

  constructor(input: ProcessInput, format: CsvInput, columns: readonly TargetColumn[], tables: TableSink) {
    this.#format = format
    this.#columns = columns
    this.#dialect = csvDialect(format)
    this.#origin = input.origin
    this.#tables = tables
    this.#position = input.firstRow
    this.#segmentStart = input.firstRow
    this.#nulls = new Set(format.nullValues)
    this.#directory = tables.folder()
    this.#rejects = this.#openRejects()
  }

  /** Runs what pushes, and ends; files are let go of when it fails. */
  async spool(feed: () => Promise<void>): Promise<void> {
    try {
      await feed()
      await this.#end()
    } catch (error) {
      await Promise.all([this.#file?.abandon(), this.#rejects.abandon()])
      throw error
    }
  }

  async push(chunk: Uint8Array): Promise<void> {
    this.#pending.add(chunk)
    if (this.#pending.length < this.#wanted) return
    const used = await this.#consume(this.#pending.bytes, false)
    this.#pending.drop(used)
    this.#tableBytes += used
    this.#wanted = used > 0 ? this.#pending.length + 1 : this.#pending.length * 2
    if (this.#pending.length > MAX_RECORD_BYTES)
      throw new DataRejectedError(
        `${this.#origin}: record ${this.#position} is longer than 64 MiB; a quote that opens in it is probably never closed`,
      )
    if (used > 0 && this.#names && this.#tables.wants(this.#tableBytes)) await this.#handOver()
  }

  async #end(): Promise<void> {
    const { bytes } = this.#pending
    const used = bytes.length > 0 ? await this.#consume(bytes, true) : 0
    if (used < bytes.length)
      throw new DataRejectedError(`${this.#origin}: the quote that opens in record ${this.#position} is never closed`)
    if (!this.#names) this.#noData()
    await this.#handOver()
  }

  /** The records so far are a table; those that come are the next one's. */
  async #handOver(): Promise<void> {
    await this.#closeSegment()
    const rejects = await this.#rejects.close()
    const [directory, segments] = [this.#directory, this.#segments]
    if (segments.length === 0 && rejects.rows === 0 && this.#handedOver > 0) return
    const { delimiter, quote, nullValues } = this.#format
    const names = this.#names ?? []
    this.#handedOver++
    this.#directory = this.#tables.folder()
    this.#rejects = this.#openRejects()
    this.#segments = []
    this.#tableBytes = 0
    this.#canonical = false
    this.#setNames(names)
    await this.#tables.take({ names, segments, delimiter, quote, nullValues, rejects }, directory)
  }

  #openRejects(): RejectsFile {
    return new RejectsFile(join(this.#directory, 'ragged.csv'), this.#origin)
  }

  /** Counts a record that is no row, after the whole records that were pushed. */
  async reject(reason: string, raw: string): Promise<void> {
    if (!this.#canonical) {
      await this.#closeSegment()
      this.#canonical = true
    }
    await this.#rejects.add({ position: this.#position++, column: null, value: null, reason, raw })
  }

  #noData(): void {
    if (this.#format.header) throw new DataRejectedError(`${this.#origin}: empty file; a header was expected`)
    this.#readNames(Buffer.alloc(0), 0, true)
  }

  /** Spools all whole records and gives the position of the first that is not whole. */
  async #consume(bytes: Buffer, last: boolean): Promise<number> {
    let at = 0
    if (!this.#started) {
      if (bytes.length < START_BYTES && !last) return 0
      at = contentStart(bytes, this.#origin)
      this.#started = true
    }
    if (!this.#names) {
      at = this.#readNames(bytes, at, last)
      if (!this.#names) return at
    }
    if (at === bytes.length) return at
    const block = bytes.subarray(at)
    if (!this.#canonical) {
      const verbatim = await this.#verbatim(block, last)
      if (verbatim !== NOT_PLAIN) return at + verbatim
      await this.#closeSegment()
      this.#canonical = true
    }
    return at + (await this.#rewrite(block, last))
  }

  #readNames(bytes: Buffer, from: number, last: boolean): number {
    if (!this.#format.header) {
      const names = this.#format.columns ?? []
      if (names.length === 0)
        throw new DataRejectedError(`${this.#origin}: there is neither a header nor a list of columns`)
      checkNames(names, this.#origin)
      this.#setNames(names)
      return from
    }
    const start = skipBlankLines(bytes, from)
    if (start === bytes.length) {
      if (last) throw new DataRejectedError(`${this.#origin}: empty file; a header was expected`)
      return start
    }
    const header = bytes.subarray(start)
    const end = readRecord(header, 0, this.#record, this.#dialect, last)
    if (end === INCOMPLETE) {
      if (last) throw new DataRejectedError(`${this.#origin}: the quote that opens in the header is never closed`)
      return start
    }
    this.#setNames(headerNames(header, this.#record, end, this.#dialect, this.#origin))
    return start + end
  }

  #setNames(names: readonly string[]): void {
    const { nullValues } = this.#format
    this.#names = names
    // A blank line of one column, and texts that are NULL, are nothing that polars reads as we do without a look at the text.
    if (names.length > 1 && nullValues.length === 1 && nullValues[0] === '')
      this.#rules = cellRules(names, this.#columns)
  }

  /** Writes whole records as they are, if all are in order; else NOT_PLAIN, and nothing was written. */
  async #verbatim(block: Buffer, last: boolean): Promise<number> {
    const columns = (this.#names as readonly string[]).length
    let end = block.lastIndexOf(LF) + 1
    let lines = block.subarray(0, end)
    if (last && end < block.length) {
      lines = Buffer.concat([block, Buffer.of(LF)])
      end = block.length
    }
    let records = isPlain(lines, this.#dialect) ? this.#countPlain(lines, columns) : NOT_PLAIN
    if (records === NOT_PLAIN) {
      this.#rules = undefined
      const counted = this.#countQuoted(block, last)
      if (!counted) return NOT_PLAIN
      records = counted.records
      end = counted.end
      lines = block.subarray(0, end)
      if (last && lines.length > 0 && lines[end - 1] !== LF) lines = Buffer.concat([lines, Buffer.of(LF)])
    }
    if (records > 0) {
      await this.#segment().write(lines)
      this.#count(records)
    }
    return end
  }

  #countPlain(lines: Buffer, columns: number): number {
    if (this.#rules) {
      const records = countRuledRecords(lines, this.#rules, this.#dialect.delimiter)
      if (records !== UNRULED) return records
      this.#rules = undefined
    }
    return countPlainRecords(lines, columns, this.#dialect)
  }

  /** Whole records of a block with quotes, when all are in order and polars will read them as we do. */
  #countQuoted(block: Buffer, last: boolean): { records: number; end: number } | undefined {
    const { nullValues } = this.#format
    if (this.#dialect.quote === -1 || nullValues.length !== 1 || nullValues[0] !== '') return undefined
    if (block.includes(0) || !(isUtf8(block) || isUtf8(block.subarray(0, block.lastIndexOf(LF) + 1)))) return undefined
    const columns = (this.#names as readonly string[]).length
    let records = 0
    let at = 0
    while (at < block.length) {
      const end = readRecord(block, at, this.#record, this.#dialect, last)
      if (end === INCOMPLETE) break
      const { count, problem, starts, ends, quoting } = this.#record
      if (count !== columns || problem !== undefined || (columns === 1 && ends[0] === starts[0])) return undefined
      for (let i = 0; i < count; i++)
        if (quoting[i] === 0 && unusual(block, starts[i] as number, ends[i] as number, this.#dialect.quote))
          return undefined
      at = end
      records++
    }
    return { records, end: at }
  }

  async #rewrite(block: Buffer, last: boolean): Promise<number> {
    const suspect = block.includes(0) || !isUtf8(block)
    let at = 0
    while (at < block.length) {
      const end = readRecord(block, at, this.#record, this.#dialect, last)
      if (end === INCOMPLETE) break
      if (!this.#blank(end - at)) await this.#rewriteRecord(block, block.subarray(at, end), suspect)
      at = end
    }
    return at
  }

  #blank(length: number): boolean {
    const { count, starts, ends, quoting } = this.#record
    return (
      length <= 2 &&
      count === 1 &&
      starts[0] === ends[0] &&
      quoting[0] === 0 &&
      (this.#names as readonly string[]).length > 1
    )
  }

  async #rewriteRecord(block: Buffer, own: Buffer, suspect: boolean): Promise<void> {
    const record = this.#record
    const position = this.#position
    const cells: (string | null)[] = [String(position)]
    for (let i = 0; i < record.count; i++) {
      const text = fieldText(block, record, i, this.#dialect)
      cells.push(record.quoting[i] === 0 && this.#nulls.has(text) ? null : text)
    }
    const reason = this.#reason(suspect ? own : undefined)
    if (reason === undefined) {
      if (this.#segment().add(canonicalRow(cells))) await this.#segment().flush()
      this.#count(1)
    } else {
      this.#position++
      await this.#rejects.add({ position, column: null, value: null, reason, raw: JSON.stringify(cells.slice(1)) })
    }
  }

  /** Why the record is no row. `own`: its bytes, where they may not be text. */
  #reason(own: Buffer | undefined): string | undefined {
    const { problem, count } = this.#record
    const columns = (this.#names as readonly string[]).length
    if (own && !isUtf8(own)) return 'the record is not UTF-8; save the file as UTF-8'
    if (own?.includes(0)) return 'the record holds a NUL byte'
    if (problem) return problem
    return count === columns ? undefined : `the record has ${fields(count)}, ${fields(columns)} were expected`
  }

  #segment(): SpoolFile {
    this.#file ??= new SpoolFile(join(this.#directory, this.#canonical ? 'canonical.csv' : 'verbatim.csv'))
    return this.#file
  }

  #count(records: number): void {
    this.#position += records
    this.#segmentRecords += records
  }

  async #closeSegment(): Promise<void> {
    if (this.#file) {
      await this.#file.close()
      const kind = this.#canonical ? 'canonical' : 'verbatim'
      this.#segments.push({
        path: this.#file.path,
        kind,
        records: this.#segmentRecords,
        firstPosition: this.#segmentStart,
        ruled: kind === 'verbatim' && this.#rules !== undefined,
      })
    }
    this.#file = undefined
    this.#segmentRecords = 0
    this.#segmentStart = this.#position
  }
}

const fields = (count: number): string => `${count} field${count === 1 ? '' : 's'}`

/** A quote inside an unquoted field, or a CR that ends no line: polars need not read it as we do. */
const unusual = (bytes: Buffer, start: number, end: number, quote: number): boolean => {
  for (let at = start; at < end; at++) if (bytes[at] === quote || bytes[at] === 0x0d) return true
  return false
}

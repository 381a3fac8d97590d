import { CR, LF, type CsvDialect } from './dialect.ts'

/** A record as ranges of the bytes that it was read from; reused from record to record. */
export class CsvRecord {
  count = 0
  starts = new Int32Array(64)
  ends = new Int32Array(64)
  /** 0 unquoted, 1 quoted, 2 quoted with doubled quotes. */
  quoting = new Uint8Array(64)
  /** The record breaks the grammar; it was read to its end all the same. */
  problem: string | undefined

  add(start: number, end: number, quoting: number): void {
    if (this.count === this.starts.length) this.#grow()
    this.starts[this.count] = start
    this.ends[this.count] = end
    this.quoting[this.count++] = quoting
  }

  #grow(): void {
    const [starts, ends, quoting] = [this.starts, this.ends, this.quoting]
    const size = starts.length * 2
    this.starts = new Int32Array(size)
    this.ends = new Int32Array(size)
    this.quoting = new Uint8Array(size)
    this.starts.set(starts)
    this.ends.set(ends)
    this.quoting.set(quoting)
  }
}

/** The record is not whole yet. */
export const INCOMPLETE = -1

/**
 * Reads the record at `from` and gives the position behind its line end; INCOMPLETE when the bytes end before the record does.
 * With `last` the end of the bytes ends the record too, unless a quote is open. LF and CRLF end lines, and CR alone a file. A quote opens only at the start of a field, is closed by
 * the next one that is not doubled, and is an ordinary character elsewhere (RFC 4180, and what polars does).
 */
export const readRecord = (
  bytes: Buffer,
  from: number,
  record: CsvRecord,
  dialect: CsvDialect,
  last: boolean,
): number => {
  const { delimiter, quote } = dialect
  const length = bytes.length
  record.count = 0
  record.problem = undefined
  let at = from
  for (;;) {
    if (bytes[at] === quote) {
      const close = closingQuote(bytes, at + 1, quote, last)
      if (close === INCOMPLETE) return INCOMPLETE
      record.add(at + 1, close, doubled ? 2 : 1)
      at = close + 1
      if (bytes[at] === CR && (at + 1 === length ? last : bytes[at + 1] === LF)) at++
      const next = bytes[at]
      if (at < length && next !== delimiter && next !== LF) {
        if (at + 1 === length && next === CR && !last) return INCOMPLETE
        record.problem ??= `field ${record.count} has text after its closing quote`
        while (at < length && bytes[at] !== delimiter && bytes[at] !== LF) at++
      }
    } else {
      const start = at
      while (at < length && bytes[at] !== delimiter && bytes[at] !== LF) at++
      const end = bytes[at] !== delimiter && at > start && bytes[at - 1] === CR ? at - 1 : at
      record.add(start, end, 0)
    }
    if (at >= length) return last ? length : INCOMPLETE
    if (bytes[at++] === LF) return at
  }
}

/** Whether the last closingQuote passed doubled quotes. */
let doubled = false

const closingQuote = (bytes: Buffer, from: number, quote: number, last: boolean): number => {
  doubled = false
  for (let at = from; ;) {
    const found = bytes.indexOf(quote, at)
    if (found === -1) return INCOMPLETE
    if (found + 1 === bytes.length) return last ? found : INCOMPLETE
    if (bytes[found + 1] !== quote) return found
    doubled = true
    at = found + 2
  }
}

/** Text of a field; doubled quotes are one. */
export const fieldText = (bytes: Buffer, record: CsvRecord, index: number, dialect: CsvDialect): string => {
  const text = bytes.toString('utf8', record.starts[index], record.ends[index])
  const quote = String.fromCharCode(dialect.quote)
  return record.quoting[index] === 2 ? text.replaceAll(quote + quote, quote) : text
}

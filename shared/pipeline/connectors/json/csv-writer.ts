import { COMMA, NEWLINE, QUOTE, BACKSLASH, hexValue, isDigit } from './bytes.ts'
import { grown, type RecordCells } from './record.ts'
import type { JsonScanner, Kind } from './scanner.ts'
import { KIND } from './scanner.ts'
import { normalised } from './values.ts'
import type { RowSink } from './walk.ts'

const SIMPLE: Readonly<Record<number, number>> = { 0x62: 0x08, 0x66: 0x0c, 0x6e: 0x0a, 0x72: 0x0d, 0x74: 0x09 }
const REPLACEMENT = 0xfffd

/** Where the rows of one document after the other lie: those of the one before are gone then. */
export class RowMemory {
  bytes = Buffer.allocUnsafeSlow(0)
  /** Cells of all rows, one row after the other: what they are, and where they stand in the document. */
  kinds = new Uint8Array(0)
  starts = new Int32Array(0)
  ends = new Int32Array(0)

  reserveCells(needed: number): void {
    if (needed <= this.kinds.length) return
    const size = Math.max(this.kinds.length * 2, needed, 1 << 14)
    this.kinds = grown(this.kinds, new Uint8Array(size))
    this.starts = grown(this.starts, new Int32Array(size))
    this.ends = grown(this.ends, new Int32Array(size))
  }

  /** Room for `needed` bytes, of which the first `used` are kept. */
  reserveBytes(used: number, needed: number): void {
    if (needed <= this.bytes.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, needed))
    this.bytes.copy(larger, 0, 0, used)
    this.bytes = larger
  }
}

/**
 * Writes records as CSV (RFC 4180, LF): NULL is nothing between two commas, and the empty text is `""`. A text is quoted only if it must
 * be: lines without a quote are read at the speed of memory. Bytes are copied from the document, without making strings; not before they
 * are wanted, so that who has learnt from the document what to ask for next can ask first.
 */
export class CsvWriter implements RowSink<number> {
  readonly #scanner: JsonScanner
  readonly #cells: RecordCells
  readonly #memory: RowMemory
  readonly #width: number
  rows = 0

  constructor(scanner: JsonScanner, cells: RecordCells, memory: RowMemory) {
    this.#scanner = scanner
    this.#cells = cells
    this.#memory = memory
    this.#width = cells.columns.length
  }

  row(): void {
    const { kinds, starts, ends } = this.#cells
    const memory = this.#memory
    const width = this.#width
    const from = this.rows++ * width
    memory.reserveCells(from + width)
    for (let i = 0; i < width; i++) {
      memory.kinds[from + i] = kinds[i] as number
      memory.starts[from + i] = starts[i] as number
      memory.ends[from + i] = ends[i] as number
    }
  }

  mark(): number {
    return this.rows
  }

  reset(rows: number): void {
    this.rows = rows
  }

  bytes(): Uint8Array {
    // Records without their keys: mostly less than half. It grows where that is not enough.
    this.#memory.reserveBytes(0, (this.#scanner.bytes.length >> 1) + 1024)
    let length = 0
    for (let row = 0; row < this.rows; row++) length = this.#write(row * this.#width, length)
    return this.#memory.bytes.subarray(0, length)
  }

  #write(from: number, at: number): number {
    this.#reserve(from, at)
    const { kinds, starts, ends, bytes: out } = this.#memory
    const { bytes } = this.#scanner
    const width = this.#width
    let n = at
    for (let i = 0; i < width; i++) {
      if (i > 0) out[n++] = COMMA
      const kind = kinds[from + i] as Kind
      if (kind <= KIND.null) continue
      const start = starts[from + i] as number
      const end = ends[from + i] as number
      if (kind === KIND.literal) n = copy(bytes, start, end, out, n)
      else if (kind === KIND.plain) n = (i === 0 ? copyFirst : copyPlain)(bytes, start, end, out, n)
      else if (kind === KIND.escaped) n = writeEscaped(bytes, start, end, out, n)
      else if (kind === KIND.nested) n = writeNested(bytes, start, end, out, n)
      else n = writeText(normalised(this.#scanner, start, end), out, n)
    }
    out[n++] = NEWLINE
    return n
  }

  /** Room for one more row: no cell becomes longer than twice its bytes in the document and two quotes. */
  #reserve(from: number, at: number): void {
    const { kinds, starts, ends } = this.#memory
    let needed = 3 * this.#width + 1
    for (let i = from; i < from + this.#width; i++)
      if ((kinds[i] as number) > KIND.null) needed += 2 * ((ends[i] as number) - (starts[i] as number))
    this.#memory.reserveBytes(at, at + needed)
  }
}

const copy = (bytes: Uint8Array, start: number, end: number, out: Buffer, to: number): number => {
  let n = to
  if (end - start > 64) {
    out.set(bytes.subarray(start, end), n)
    return n + end - start
  }
  for (let at = start; at < end; at++) out[n++] = bytes[at] as number
  return n
}

/** A string without escapes, which holds no quote and no line end: with its quotes it stands in the document as CSV wants it. */
const copyPlain = (bytes: Uint8Array, start: number, end: number, out: Buffer, to: number): number => {
  if (end - start === 2) return copy(bytes, start, end, out, to)
  if (end - start > 64) {
    const text = bytes.subarray(start + 1, end - 1)
    if (text.includes(COMMA)) return copy(bytes, start, end, out, to)
    out.set(text, to)
    return to + text.length
  }
  let n = to
  for (let at = start + 1; at < end - 1; at++) {
    const byte = bytes[at] as number
    if (byte === COMMA) return copy(bytes, start, end, out, to)
    out[n++] = byte
  }
  return n
}

/** At the start of a line, and so perhaps of a file: what begins like a byte order mark or another format is quoted. */
const copyFirst = (bytes: Uint8Array, start: number, end: number, out: Buffer, to: number): number => {
  const first = bytes[start + 1] as number
  const harmless = isDigit(first) || (first >= 0x61 && first <= 0x7a)
  return (harmless ? copyPlain : copy)(bytes, start, end, out, to)
}

/** The text of a string with escapes, quoted for CSV. The escapes were checked when it was read. */
const writeEscaped = (bytes: Uint8Array, start: number, end: number, out: Buffer, to: number): number => {
  let n = to
  out[n++] = QUOTE
  for (let at = start + 1; at < end - 1;) {
    const byte = bytes[at] as number
    if (byte !== BACKSLASH) {
      out[n++] = byte
      at++
      continue
    }
    const escape = bytes[at + 1] as number
    if (escape === 0x75) {
      const code = codePoint(bytes, at)
      n = writeUtf8(code, out, n)
      at += code > 0xffff ? 12 : 6
      continue
    }
    if (escape === QUOTE) out[n++] = QUOTE
    out[n++] = SIMPLE[escape] ?? escape
    at += 2
  }
  out[n++] = QUOTE
  return n
}

const unit = (bytes: Uint8Array, at: number): number =>
  (hexValue(bytes[at + 2]) << 12) |
  (hexValue(bytes[at + 3]) << 8) |
  (hexValue(bytes[at + 4]) << 4) |
  hexValue(bytes[at + 5])

/** Of the `\u` escape at `at`, with its second half when it is the first of a pair. A half alone is no character. */
const codePoint = (bytes: Uint8Array, at: number): number => {
  const high = unit(bytes, at)
  if (high < 0xd800 || high > 0xdfff) return high
  if (high > 0xdbff || bytes[at + 6] !== BACKSLASH || bytes[at + 7] !== 0x75) return REPLACEMENT
  const low = unit(bytes, at + 6)
  return low >= 0xdc00 && low <= 0xdfff ? 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00) : REPLACEMENT
}

const writeUtf8 = (code: number, out: Buffer, to: number): number => {
  let n = to
  if (code < 0x80) {
    if (code === QUOTE) out[n++] = QUOTE
    out[n++] = code
  } else if (code < 0x800) {
    out[n++] = 0xc0 | (code >> 6)
    out[n++] = 0x80 | (code & 0x3f)
  } else if (code < 0x10000) {
    out[n++] = 0xe0 | (code >> 12)
    out[n++] = 0x80 | ((code >> 6) & 0x3f)
    out[n++] = 0x80 | (code & 0x3f)
  } else {
    out[n++] = 0xf0 | (code >> 18)
    out[n++] = 0x80 | ((code >> 12) & 0x3f)
    out[n++] = 0x80 | ((code >> 6) & 0x3f)
    out[n++] = 0x80 | (code & 0x3f)
  }
  return n
}

/** An object or array as JSON text without white space, quoted for CSV: its digits and escapes stay as they are. */
const writeNested = (bytes: Uint8Array, start: number, end: number, out: Buffer, to: number): number => {
  let n = to
  let inString = false
  out[n++] = QUOTE
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number
    if (byte === QUOTE) {
      inString = !inString
      out[n++] = QUOTE
      out[n++] = QUOTE
    } else if (inString && byte === BACKSLASH) {
      const escaped = bytes[++at] as number
      out[n++] = BACKSLASH
      if (escaped === QUOTE) out[n++] = QUOTE
      out[n++] = escaped
    } else if (inString || byte > 0x20) {
      out[n++] = byte
    }
  }
  out[n++] = QUOTE
  return n
}

const writeText = (text: string, out: Buffer, to: number): number =>
  to + out.write(`"${text.replaceAll('"', '""')}"`, to)

/** The first line, and a line of text cells, as the writer writes them. */
export const csvLine = (cells: readonly (string | null)[]): string =>
  `${cells.map((cell) => (cell === null ? '' : `"${cell.replaceAll('"', '""')}"`)).join(',')}\n`

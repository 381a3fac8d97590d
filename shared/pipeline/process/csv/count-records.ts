import { isUtf8 } from 'node:buffer'
import { CR, LF, type CsvDialect } from './dialect.ts'

/** A block of whole lines that nobody has to look at byte by byte again, or not. */
export const NOT_PLAIN = -1

/** polars wants a quote where there is none: a character that no line holds. */
export const UNQUOTED = 0x01

/** Whether whole lines hold no quote, are valid UTF-8 without NUL and without a CR that ends no line: at the speed of memory. */
export const isPlain = (lines: Buffer, dialect: CsvDialect): boolean =>
  !lines.includes(dialect.quote === -1 ? UNQUOTED : dialect.quote) &&
  !lines.includes(0) &&
  isUtf8(lines) &&
  carriageReturnsEndLines(lines)

/**
 * Number of records of plain lines, each with exactly `columns` fields; otherwise NOT_PLAIN. Several bytes at a time: this runs over
 * every byte of every file.
 */
export const countPlainRecords = (lines: Buffer, columns: number, dialect: CsvDialect): number =>
  countLines(lines, columns - 1, dialect.delimiter)

const carriageReturnsEndLines = (lines: Buffer): boolean => {
  for (let at = lines.indexOf(CR); at !== -1; at = lines.indexOf(CR, at + 1)) {
    if (lines[at + 1] !== LF || (at > 0 && lines[at - 1] === CR)) return false
  }
  return true
}

/** The high bit of each byte of `word` that is zero. */
const zeroBytes = (word: number): number => ~(((word & 0x7f7f7f7f) + 0x7f7f7f7f) | 0 | word | 0x7f7f7f7f)

/** How many bytes of a mask of high bits are set: the sum of its bytes, which gathers in the highest. */
const countBytes = (mask: number): number => Math.imul((mask >>> 7) & 0x01010101, 0x01010101) >>> 24

/** Four bytes at a time where no line ends among them: plain loops over locals, which V8 keeps in registers. */
const countLines = (lines: Buffer, delimitersPerLine: number, delimiter: number): number => {
  const aligned = Math.min((4 - (lines.byteOffset & 3)) & 3, lines.length)
  const words = (lines.length - aligned) >> 2
  const four = words === 0 ? undefined : new Int32Array(lines.buffer, lines.byteOffset + aligned, words)
  const delimiters = Math.imul(delimiter, 0x01010101)
  const lineEnds = Math.imul(LF, 0x01010101)
  let records = 0
  let found = 0
  for (let at = 0; at < lines.length;) {
    if (four !== undefined && at >= aligned) {
      let index = (at - aligned) >> 2
      for (; index < words; index++) {
        const word = four[index] as number
        if (zeroBytes(word ^ lineEnds) !== 0) break
        found += countBytes(zeroBytes(word ^ delimiters))
      }
      at = aligned + index * 4
    }
    const end = at < aligned ? aligned : Math.min(at + 4, lines.length)
    for (; at < end; at++) {
      const byte = lines[at]
      if (byte === delimiter) found++
      else if (byte === LF) {
        if (found !== delimitersPerLine) return NOT_PLAIN
        found = 0
        records++
      }
    }
  }
  return records
}

import { isUtf8 } from 'node:buffer'
import { CR, LF, type CsvDialect } from './dialect.ts'

/** A block of whole lines that nobody has to look at byte by byte again, or not. */
export const NOT_PLAIN = -1

/** polars wants a quote where there is none: a character that no line holds. */
export const UNQUOTED = 0x01

/**
 * Number of records of whole lines that hold no quote, each with exactly `columns` fields, in valid UTF-8 without NUL and without a CR
 * that ends no line; otherwise NOT_PLAIN. Several bytes at a time: this runs over every byte of every file.
 */
export const countPlainRecords = (lines: Buffer, columns: number, dialect: CsvDialect): number => {
  if (lines.includes(dialect.quote === -1 ? UNQUOTED : dialect.quote)) return NOT_PLAIN
  if (lines.includes(0) || !isUtf8(lines) || !carriageReturnsEndLines(lines)) return NOT_PLAIN
  return countLines(lines, columns - 1, dialect.delimiter)
}

const carriageReturnsEndLines = (lines: Buffer): boolean => {
  for (let at = lines.indexOf(CR); at !== -1; at = lines.indexOf(CR, at + 1)) {
    if (lines[at + 1] !== LF || (at > 0 && lines[at - 1] === CR)) return false
  }
  return true
}

/** The bits that are set are the high bits of the bytes of `word` that are zero. */
const zeroBytes = (word: number): number => ~(((word & 0x7f7f7f7f) + 0x7f7f7f7f) | word | 0x7f7f7f7f)

const NO_WORDS = new Int32Array(0)

const countLines = (lines: Buffer, delimitersPerLine: number, delimiter: number): number => {
  const length = lines.length
  const aligned = length < 8 ? 0 : (4 - (lines.byteOffset & 3)) & 3
  const words =
    length < 8 ? NO_WORDS : new Int32Array(lines.buffer, lines.byteOffset + aligned, (length - aligned) >> 2)
  const delimiters = delimiter * 0x01010101
  const lineEnds = LF * 0x01010101
  let records = 0
  let found = 0
  let wrong = 0
  const one = (byte: number | undefined): void => {
    if (byte === delimiter) found++
    else if (byte === LF) {
      if (found !== delimitersPerLine) wrong++
      found = 0
      records++
    }
  }
  for (let at = 0; at < aligned; at++) one(lines[at])
  for (let at = 0; at < words.length; at++) {
    const word = words[at] as number
    if (zeroBytes(word ^ lineEnds) === 0) {
      const hits = zeroBytes(word ^ delimiters)
      if (hits !== 0) found += ((hits >>> 7) & 1) + ((hits >>> 15) & 1) + ((hits >>> 23) & 1) + (hits >>> 31)
    } else {
      for (let k = 0; k < 32; k += 8) one((word >>> k) & 0xff)
    }
  }
  for (let at = aligned + words.length * 4; at < length; at++) one(lines[at])
  return wrong === 0 ? records : NOT_PLAIN
}

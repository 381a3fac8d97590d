import { DATE, DECIMAL, TEXT, type CellRules } from './cell-rules.ts'
import { CR, LF } from './dialect.ts'

/** A cell does not keep its column's rule, or a line has not one cell a rule. */
export const UNRULED = -1

const PLUS = 0x2b
const MINUS = 0x2d
const POINT = 0x2e
const ZERO = 0x30

/**
 * Number of records of whole lines that are plain (see `countPlainRecords`: no quote, no NUL, UTF-8) each cell of which keeps its column's
 * rule; else UNRULED. It saves a look at each text later. One loop over locals, because it runs over every byte.
 */
export const countRuledRecords = (lines: Buffer, rules: CellRules, delimiter: number): number => {
  const { kinds, wholeDigits, scales, required } = rules
  const last = kinds.length - 1
  const length = lines.length
  let records = 0
  let at = 0
  while (at < length) {
    for (let column = 0; column <= last; column++) {
      const end = column === last ? LF : delimiter
      const kind = kinds[column] as number
      if (kind === TEXT) {
        let byte = lines[at] as number
        while (byte !== delimiter && byte !== LF) byte = lines[++at] as number
        if (byte !== end) return UNRULED
        at++
        continue
      }
      let byte = lines[at] as number
      if (byte === end || (column === last && byte === CR)) {
        if (required[column] === 1) return UNRULED
      } else if (kind === DATE) {
        if (!isDate(lines, at)) return UNRULED
        at += 10
        byte = lines[at] as number
      } else {
        if (byte === MINUS || byte === PLUS) byte = lines[++at] as number
        const start = at
        while (isDigit(byte)) byte = lines[++at] as number
        let digits = at - start
        if (digits > (wholeDigits[column] as number)) return UNRULED
        if (byte === POINT && kind === DECIMAL) {
          byte = lines[++at] as number
          const fraction = at
          while (isDigit(byte)) byte = lines[++at] as number
          if (at - fraction > (scales[column] as number)) return UNRULED
          digits += at - fraction
        }
        if (digits === 0) return UNRULED
      }
      if (byte === CR && column === last) byte = lines[++at] as number
      if (byte !== end) return UNRULED
      at++
    }
    records++
  }
  return records
}

const isDigit = (byte: number): boolean => byte >= ZERO && byte <= ZERO + 9

const two = (lines: Buffer, at: number): number => {
  const tens = (lines[at] as number) - ZERO
  const ones = (lines[at + 1] as number) - ZERO
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : -1
}

const DAYS = new Uint8Array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])

/** `YYYY-MM-DD` of a day that is, from the year 1. Past the end of the bytes nothing is a digit. */
const isDate = (lines: Buffer, at: number): boolean => {
  if (lines[at + 4] !== MINUS || lines[at + 7] !== MINUS) return false
  const century = two(lines, at)
  const rest = two(lines, at + 2)
  const month = two(lines, at + 5)
  const day = two(lines, at + 8)
  if (century < 0 || rest < 0 || century + rest === 0 || month < 1 || month > 12 || day < 1) return false
  const leap = rest === 0 ? century % 4 === 0 : rest % 4 === 0
  return day <= (DAYS[month] as number) || (month === 2 && day === 29 && leap)
}

import { isUtf8 } from 'node:buffer'
import { DataRejectedError } from '@convergence/core/errors.ts'
import { CR, LF, type CsvDialect } from '../csv/dialect.ts'
import { fieldText, type CsvRecord } from '../csv/read-record.ts'

/** Column names of a header record. Throws DataRejectedError for names that are empty or repeated, naming both. */
export const headerNames = (
  bytes: Buffer,
  record: CsvRecord,
  end: number,
  dialect: CsvDialect,
  origin: string,
): string[] => {
  const header = bytes.subarray(0, end)
  if (MARKUP.test(header.toString('latin1', 0, 20)))
    throw new DataRejectedError(
      `${origin}: the file is a web page (HTML) or XML, not CSV; was a sign-in or an error page saved?`,
    )
  if (header.includes(0))
    throw new DataRejectedError(`${origin}: the header holds NUL bytes; is the file UTF-16? Save it as UTF-8`)
  if (!isUtf8(header)) throw new DataRejectedError(`${origin}: the header is not UTF-8; save the file as UTF-8`)
  if (record.problem) throw new DataRejectedError(`${origin}: in the header, ${record.problem}`)
  const names = Array.from({ length: record.count }, (_, i) => fieldText(bytes, record, i, dialect))
  const lone = bytes.indexOf(CR)
  if (lone !== -1 && lone < end && names.some((name) => name.includes('\r')) && !header.subarray(0, -1).includes(0x0a))
    throw new DataRejectedError(`${origin}: lines end with CR alone; save the file with LF or CRLF`)
  checkNames(names, origin)
  return names
}

export const checkNames = (names: readonly string[], origin: string): void => {
  const seen = new Map<string, number>()
  for (const [i, name] of names.entries()) {
    if (name.trim() === '')
      throw new DataRejectedError(
        `${origin}: column ${i + 1} has an empty name in the header${beside(names, i)}; name it`,
      )
    const before = seen.get(name)
    if (before !== undefined)
      throw new DataRejectedError(`${origin}: columns ${before + 1} and ${i + 1} are both named '${name}'; rename one`)
    seen.set(name, i)
  }
}

const beside = (names: readonly string[], i: number): string => {
  const empty = names.findIndex((name, k) => k > i && name.trim() === '')
  if (empty !== -1) return `, and so has column ${empty + 1}`
  return i > 0 ? ` (after '${names[i - 1]}')` : ''
}

const MARKUP = /^\s*<(?:!doctype|html|\?xml)/i

/** What begins so is no text, whatever the file is called. */
const OTHER_FORMATS: readonly (readonly [start: Buffer, what: string])[] = [
  [Buffer.from('PK\x03\x04'), 'a ZIP archive or an Excel workbook; unpack it, or save it as CSV'],
  [Buffer.from('d0cf11e0', 'hex'), 'an Excel workbook; save it as CSV'],
  [Buffer.from('PAR1'), 'Parquet; set `format: parquet`'],
  [Buffer.from('%PDF'), 'a PDF document'],
]

/** Bytes that `contentStart` looks at. */
export const START_BYTES = 4

/**
 * Where the text begins: behind UTF-8's own mark. Throws DataRejectedError for other encodings, and for files that are no text. Give it
 * the first START_BYTES, or all.
 */
export const contentStart = (bytes: Buffer, origin: string): number => {
  const [a, b, c] = bytes
  for (const [start, what] of OTHER_FORMATS)
    if (bytes.subarray(0, start.length).equals(start)) throw new DataRejectedError(`${origin}: the file is ${what}`)
  if ((a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff))
    throw new DataRejectedError(`${origin}: the file is UTF-16; save it as UTF-8`)
  return a === 0xef && b === 0xbb && c === 0xbf ? 3 : 0
}

/** Behind the blank lines that stand at `from`. */
export const skipBlankLines = (bytes: Buffer, from: number): number => {
  let at = from
  while (bytes[at] === LF || (bytes[at] === CR && bytes[at + 1] === LF)) at++
  return at
}

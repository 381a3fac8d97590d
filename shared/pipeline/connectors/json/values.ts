import type { JsonScanner, Kind } from './scanner.ts'
import { KIND } from './scanner.ts'

/** A part of a document as ordinary JavaScript values. A number that a float does not hold to the last digit is its text. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue }

/** Node 24 hands a reviver the source text of a primitive, and writes `rawJSON` values back as they were; TypeScript's library lacks both. */
type Reviver = (key: string, value: unknown, context: { source?: string }) => unknown
const { parse, rawJSON } = JSON as unknown as {
  parse: (text: string, reviver: Reviver) => unknown
  rawJSON: (text: string) => unknown
}

const decode = (scanner: JsonScanner, start: number, end: number): string => {
  const { bytes } = scanner
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8', start, end)
}

/** Numbers that may not survive a float, or not with all their zeros. False alarms cost time only. */
const DELICATE = /[\d.]{16}|\d[.eE]|-0/

/** The value whose text, already checked, is from `start` to `end`. */
export const valueOf = (scanner: JsonScanner, start: number, end: number): JsonValue => {
  const text = decode(scanner, start, end)
  if (!DELICATE.test(text)) return JSON.parse(text) as JsonValue
  return parse(text, (_, value, { source }) =>
    typeof value === 'number' && source !== undefined && String(value) !== source ? source : value,
  ) as JsonValue
}

/** The text between the quotes of a checked string. */
export const stringOf = (scanner: JsonScanner, start: number, end: number, escaped: boolean): string =>
  escaped ? (JSON.parse(decode(scanner, start, end)) as string) : decode(scanner, start + 1, end - 1)

/** The text of a cell; null is NULL. Half a surrogate pair, which no UTF-8 text can hold, becomes U+FFFD. */
export const cellText = (scanner: JsonScanner, kind: Kind, start: number, end: number): string | null => {
  switch (kind) {
    case KIND.absent:
    case KIND.null:
      return null
    case KIND.literal:
      return decode(scanner, start, end)
    case KIND.nested:
      return withoutSpace(decode(scanner, start, end))
    case KIND.irregular:
      return normalised(scanner, start, end)
    case KIND.plain:
    case KIND.escaped:
      return stringOf(scanner, start, end, kind === KIND.escaped).toWellFormed()
  }
}

/** Strings are matched to be kept; the white space between them goes. */
const withoutSpace = (text: string): string => text.replace(/("(?:[^"\\]|\\.)*")|[ \t\r\n]+/g, '$1')

/** Repeated keys reduced to their last value, escaped keys written plainly, digits as they were. */
export const normalised = (scanner: JsonScanner, start: number, end: number): string =>
  JSON.stringify(
    parse(decode(scanner, start, end), (_, value, { source }) =>
      typeof value === 'number' && source !== undefined ? rawJSON(source) : value,
    ),
  )

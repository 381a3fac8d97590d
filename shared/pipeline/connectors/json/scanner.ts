import { isUtf8 } from 'node:buffer'
import { DataRejectedError } from '@convergence/core/errors.ts'
import {
  BACKSLASH,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  DOT,
  MINUS,
  OPEN_BRACE,
  OPEN_BRACKET,
  PLUS,
  QUOTE,
  ZERO,
  hexValue,
  isDigit,
} from './bytes.ts'
import { KeyHashes } from './key-hashes.ts'

/** BigQuery's own limit for JSON values (https://cloud.google.com/bigquery/quotas#json_limits); it also bounds the recursion. */
const MAX_DEPTH = 500

/** How a value is written, as far as it matters to who copies it. */
export const KIND = {
  absent: 0,
  null: 1,
  /** No escapes: the bytes between the quotes are the text. */
  plain: 2,
  /** With escapes. */
  escaped: 3,
  /** Number, true or false: the bytes are the text. */
  literal: 4,
  /** Object or array. */
  nested: 5,
  /** Object or array with a key that is repeated or escaped somewhere in it. */
  irregular: 6,
} as const
export type Kind = (typeof KIND)[keyof typeof KIND]

const LITERALS = { 0x74: Buffer.from('true'), 0x66: Buffer.from('false'), 0x6e: Buffer.from('null') } as const

/** Bytes that end or break the run of a string: control characters, the quote, the backslash. */
export const SPECIAL = new Uint8Array(256).fill(1, 0, 0x20)
SPECIAL[QUOTE] = 1
SPECIAL[BACKSLASH] = 1

/**
 * Reads JSON text byte by byte, without making values: who calls it copies ranges. The whole grammar of RFC 8259 is checked.
 * Every method starts at `position` and leaves it behind what it read. Throws DataRejectedError with the offset of the first wrong byte.
 */
export class JsonScanner {
  readonly bytes: Uint8Array
  position = 0
  /** The string that was read last holds a backslash. */
  escaped = false
  /** Offset behind the closing quote of the string that was read last. */
  stringEnd = 0
  #irregular = false
  readonly #keys = new KeyHashes()

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
    if (!isUtf8(bytes)) throw new DataRejectedError('the JSON text is not UTF-8', { details: { bytes: bytes.length } })
    if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) this.position = 3
    if (this.peek() === 0x3c)
      throw new DataRejectedError(`HTML or XML came instead of JSON: ${excerpt(bytes, this.position)}`)
  }

  /** The next byte that is not white space, or -1 at the end. */
  peek(): number {
    const { bytes } = this
    let at = this.position
    while (at < bytes.length) {
      const byte = bytes[at] as number
      if (byte > 0x20) {
        this.position = at
        return byte
      }
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) break
      at++
    }
    this.position = at
    return at < bytes.length ? (bytes[at] as number) : -1
  }

  /** Reads one value; its bytes are from the position before (after `peek`) to the position behind it. */
  value(depth: number): Kind {
    switch (this.peek()) {
      case QUOTE:
        this.string()
        return this.escaped ? KIND.escaped : KIND.plain
      case OPEN_BRACE:
      case OPEN_BRACKET:
        this.#irregular = false
        this.#nested(depth)
        return this.#irregular ? KIND.irregular : KIND.nested
      default:
        return this.#scalar()
    }
  }

  /** Reads a string, and notes whether it has escapes. */
  string(): void {
    const { bytes } = this
    const { length } = bytes
    let at = this.position + 1
    let escaped = false
    while (at < length) {
      const byte = bytes[at] as number
      if (SPECIAL[byte] === 0) {
        at++
      } else if (byte === QUOTE) {
        this.escaped = escaped
        this.stringEnd = at + 1
        this.position = at + 1
        return
      } else if (byte === BACKSLASH) {
        escaped = true
        at = this.#escape(at)
      } else {
        this.fail('a control character stands in a string', at)
      }
    }
    this.fail('', length)
  }

  /** Reads a key and the colon behind it. */
  key(): void {
    if (this.peek() !== QUOTE) this.fail('a key in double quotes is missing')
    this.string()
    this.colon()
  }

  colon(): void {
    if (this.peek() !== COLON) this.fail('a colon is missing')
    this.position++
  }

  /** Reads an opening bracket or brace; true when its first element or key is next, false when it was closed at once. */
  open(close: number): boolean {
    this.position++
    if (this.peek() !== close) return true
    this.position++
    return false
  }

  /** Reads what follows an element: true for a comma, false for the closing bracket or brace. */
  more(close: number): boolean {
    const byte = this.peek()
    if (byte !== COMMA && byte !== close) this.fail(`a comma or ${String.fromCharCode(close)} is missing`)
    this.position++
    return byte === COMMA
  }

  /** Nothing may follow the document. */
  finish(): void {
    if (this.peek() !== -1) this.fail('something follows the end of the document')
  }

  fail(problem: string, at: number = this.position): never {
    if (at >= this.bytes.length) {
      throw new DataRejectedError(`the JSON text ends early, at byte ${this.bytes.length}: it was cut off`, {
        details: { offset: this.bytes.length },
      })
    }
    throw new DataRejectedError(
      `the JSON text is malformed at byte ${at}: ${problem}, near ${excerpt(this.bytes, at)}`,
      { details: { offset: at } },
    )
  }

  /** A known depth problem is told apart from a malformed document. */
  checkDepth(depth: number): void {
    if (depth <= MAX_DEPTH) return
    throw new DataRejectedError(`the JSON text is nested more than ${MAX_DEPTH} levels deep at byte ${this.position}`, {
      details: { offset: this.position },
    })
  }

  #nested(depth: number): void {
    this.checkDepth(depth)
    if (this.bytes[this.position] === OPEN_BRACE) this.#object(depth)
    else this.#array(depth)
  }

  #array(depth: number): void {
    if (!this.open(CLOSE_BRACKET)) return
    do this.#inner(depth + 1)
    while (this.more(CLOSE_BRACKET))
  }

  #object(depth: number): void {
    if (!this.open(CLOSE_BRACE)) return
    const base = this.#keys.top
    do {
      const start = this.position
      this.key()
      if (this.escaped || this.#keys.seen(base, this.bytes, start)) this.#irregular = true
      this.#inner(depth + 1)
    } while (this.more(CLOSE_BRACE))
    this.#keys.release(base)
  }

  #inner(depth: number): void {
    const byte = this.peek()
    if (byte === QUOTE) this.string()
    else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) this.#nested(depth)
    else this.#scalar()
  }

  #scalar(): Kind {
    const byte = this.bytes[this.position]
    if (byte === MINUS || isDigit(byte)) {
      this.#number()
      return KIND.literal
    }
    const literal = LITERALS[byte as keyof typeof LITERALS]
    if (literal === undefined) this.fail('a value is missing')
    for (let i = 1; i < literal.length; i++)
      if (this.bytes[this.position + i] !== literal[i]) this.fail('a value is missing', this.position + i)
    this.position += literal.length
    return byte === 0x6e ? KIND.null : KIND.literal
  }

  #number(): void {
    const { bytes } = this
    let at = this.position
    if (bytes[at] === MINUS) at++
    if (bytes[at] === ZERO) at++
    else at = this.#digits(at)
    if (bytes[at] === DOT) at = this.#digits(at + 1)
    if (((bytes[at] ?? 0) | 0x20) === 0x65) {
      at++
      if (bytes[at] === PLUS || bytes[at] === MINUS) at++
      at = this.#digits(at)
    }
    this.position = at
  }

  #digits(from: number): number {
    let at = from
    while (isDigit(this.bytes[at])) at++
    if (at === from) this.fail('a digit is missing', at)
    return at
  }

  /** Checks the escape at `at`, and gives the offset behind it. */
  #escape(at: number): number {
    const byte = this.bytes[at + 1]
    if (byte === 0x75) {
      for (let i = 2; i < 6; i++)
        if (hexValue(this.bytes[at + i]) < 0) this.fail('\\u needs four hexadecimal digits', at + i)
      return at + 6
    }
    if (byte === undefined || !ESCAPES.has(byte)) this.fail('there is no such escape', at + 1)
    return at + 2
  }
}

const ESCAPES: ReadonlySet<number> = new Set(Buffer.from('"\\/bfnrt'))

/** Some characters of the text, as a JSON string, so that a message stays on one line. */
export const excerpt = (bytes: Uint8Array, at: number, length = 40): string =>
  JSON.stringify(
    Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      .toString('utf8', at, at + length)
      .replace(/\uFFFD+$/, ''),
  )

import { DataRejectedError } from '@convergence/core/errors.ts'
import { CLOSE_BRACE, COLON, COMMA, DOT, MINUS, QUOTE, ZERO, isDigit } from './bytes.ts'
import { KIND, SPECIAL, type JsonScanner, type Kind } from './scanner.ts'
import { stringOf } from './values.ts'

/** BigQuery's limit of columns; records with more keys have data for keys. */
const MAX_KEYS = 10_000

/** A key as it is written, with its closing quote, and the key that followed it last time: records repeat their order. */
interface Key {
  readonly written: Uint8Array
  /** -1: nobody wants it. */
  readonly column: number
  next: Key | undefined
}

/**
 * The cells of one record at a time, as ranges of the document. Columns are fixed, or (`open`) grow with every key that is met.
 * Inherited columns are set by who walks down to the record; a key of the same name in the record does not replace them.
 */
export class RecordCells {
  readonly columns: string[]
  kinds: Uint8Array
  starts: Int32Array
  ends: Int32Array
  /** Keys that are no column, in the order in which they were met. */
  readonly unknown: string[] = []
  readonly #nameOf: (key: string) => string
  readonly #open: boolean
  readonly #index: Map<string, number>
  readonly #inherited: ReadonlySet<string>
  /** What `kinds` starts with at each record: the inherited cells. */
  #initial: Uint8Array
  readonly #keys = new Map<string, Key>()
  /** The key that a column's name comes from. */
  readonly #keyOf = new Map<string, string>()
  readonly #first: Key = { written: new Uint8Array(0), column: -1, next: undefined }

  constructor(columns: readonly string[] | undefined, inherited: readonly string[], nameOf: (key: string) => string) {
    this.#nameOf = nameOf
    this.#open = columns === undefined
    this.columns = [...(columns ?? inherited)]
    this.#index = new Map(this.columns.map((column, i) => [column, i]))
    this.#inherited = new Set(inherited)
    const size = Math.max(this.columns.length, 16)
    this.kinds = new Uint8Array(size)
    this.#initial = new Uint8Array(size)
    this.starts = new Int32Array(size)
    this.ends = new Int32Array(size)
  }

  /** Sets an inherited cell for the records that follow. A column that nobody wants is left out. */
  inherit(column: string, kind: Kind, start: number, end: number): void {
    const at = this.#index.get(column)
    if (at === undefined) return
    this.#initial[at] = kind
    this.starts[at] = start
    this.ends[at] = end
  }

  /** Reads the object at the scanner's position. */
  read(scanner: JsonScanner, depth: number): void {
    this.kinds.set(this.#initial)
    if (!scanner.open(CLOSE_BRACE)) return
    let key: Key | undefined = this.#first
    do {
      key = this.#readFamiliar(scanner, key)
      if (key === undefined) return
      key = this.#key(scanner, key)
      scanner.colon()
      scanner.peek()
      const start = scanner.position
      const kind = scanner.value(depth + 1)
      const { column } = key
      if (column >= 0) {
        this.kinds[column] = kind
        this.starts[column] = start
        this.ends[column] = scanner.position
      }
    } while (scanner.more(CLOSE_BRACE))
  }

  /**
   * Reads members as long as they are what nearly all are: the key that followed last time, a string without escapes or a plain number,
   * and no white space. Gives the last key, with the scanner before a member that is something else; undefined at the object's end.
   * One loop over locals, because it runs over every byte of every answer.
   */
  #readFamiliar(scanner: JsonScanner, from: Key): Key | undefined {
    const { bytes } = scanner
    const { kinds, starts, ends } = this
    let at = scanner.position
    let last = from
    for (;;) {
      const key = last.next
      if (key === undefined || bytes[at] !== QUOTE || !startsWith(bytes, at + 1, key.written)) break
      let end = at + 1 + key.written.length
      if (bytes[end] !== COLON) break
      const start = ++end
      let byte = bytes[end]
      let kind: Kind = KIND.literal
      if (byte === QUOTE) {
        do end++
        while (SPECIAL[bytes[end] as number] === 0)
        if (bytes[end++] !== QUOTE) break
        kind = KIND.plain
      } else {
        if (byte === MINUS) byte = bytes[++end]
        if (!isDigit(byte)) break
        const leading = byte === ZERO ? end + 1 : undefined
        do end++
        while (isDigit(bytes[end]))
        if (leading !== undefined && end !== leading) break
        if (bytes[end] === DOT) {
          if (!isDigit(bytes[++end])) break
          do end++
          while (isDigit(bytes[end]))
        }
      }
      const after = bytes[end]
      if (after !== COMMA && after !== CLOSE_BRACE) break
      const { column } = key
      if (column >= 0) {
        kinds[column] = kind
        starts[column] = start
        ends[column] = end
      }
      last = key
      at = end + 1
      if (after === CLOSE_BRACE) {
        scanner.position = at
        return undefined
      }
    }
    scanner.position = at
    return last
  }

  #key(scanner: JsonScanner, previous: Key): Key {
    if (scanner.peek() !== QUOTE) scanner.fail('a key in double quotes is missing')
    const start = scanner.position
    const expected = previous.next
    if (expected !== undefined && startsWith(scanner.bytes, start + 1, expected.written)) {
      scanner.position = start + 1 + expected.written.length
      return expected
    }
    scanner.string()
    const written = scanner.bytes.subarray(start + 1, scanner.position)
    const text = Buffer.from(written).toString('latin1')
    let key = this.#keys.get(text)
    if (key === undefined) {
      this.#checkKeys()
      key = {
        written,
        column: this.#columnOf(stringOf(scanner, start, scanner.position, scanner.escaped)),
        next: undefined,
      }
      this.#keys.set(text, key)
    }
    previous.next = key
    return key
  }

  #checkKeys(): void {
    if (this.#keys.size < MAX_KEYS) return
    throw new DataRejectedError(
      `the records have more than ${MAX_KEYS} different keys, so their keys seem to be data: point \`records\` at the values behind them, with one [*] more`,
    )
  }

  #columnOf(key: string): number {
    const name = this.#nameOf(key)
    if (this.#inherited.has(name)) return -1
    const before = this.#keyOf.get(name)
    if (before !== undefined && before !== key) {
      throw new DataRejectedError(
        `the keys ${JSON.stringify(before)} and ${JSON.stringify(key)} would both become column ${name}: \`rename\` one of them`,
      )
    }
    this.#keyOf.set(name, key)
    const known = this.#index.get(name)
    if (known !== undefined) return known
    if (this.#open) return this.#addColumn(name)
    if (before === undefined) this.unknown.push(name)
    return -1
  }

  #addColumn(name: string): number {
    const column = this.columns.push(name) - 1
    this.#index.set(name, column)
    if (column >= this.kinds.length) {
      this.kinds = grown(this.kinds, new Uint8Array(column * 2))
      this.#initial = grown(this.#initial, new Uint8Array(column * 2))
      this.starts = grown(this.starts, new Int32Array(column * 2))
      this.ends = grown(this.ends, new Int32Array(column * 2))
    }
    return column
  }
}

export const grown = <T extends Uint8Array | Int32Array>(from: T, to: T): T => {
  to.set(from)
  return to
}

const startsWith = (bytes: Uint8Array, at: number, wanted: Uint8Array): boolean => {
  for (let i = 0; i < wanted.length; i++) if (bytes[at + i] !== wanted[i]) return false
  return true
}

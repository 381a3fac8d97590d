import { DataRejectedError } from '@convergence/core/errors.ts'
import type { JsonPath } from '@convergence/core/json-path.ts'
import { formatJsonPath } from '@convergence/core/json-path.ts'
import { CLOSE_BRACE, CLOSE_BRACKET, OPEN_BRACE, OPEN_BRACKET } from './bytes.ts'
import type { InheritedMember } from './inherit.ts'
import { elementStart, locate, readKey } from './inherit.ts'
import type { RecordCells } from './record.ts'
import type { JsonScanner } from './scanner.ts'
import { excerpt } from './scanner.ts'
import type { JsonValue } from './values.ts'
import { valueOf } from './values.ts'

/** Takes the records one by one. What came since a mark can be taken back: a key that is repeated replaces the records below it. */
export interface RowSink<Mark> {
  row(): void
  mark(): Mark
  reset(mark: Mark): void
}

export interface WalkOptions {
  readonly records: JsonPath
  /** By level of `records`. */
  readonly inherited: readonly (readonly InheritedMember[])[]
  /** A document without the place where records should be has none (`empty`), or is not what was expected (`reject`). */
  readonly missing: 'reject' | 'empty'
}

/**
 * Walks down `records` from the document's root, hands each record to the sink, and gives the rest of the document. Values that
 * stand behind the records they belong to (inherited ones, repeated keys) are found before the records are read.
 */
export class Walk<Mark> {
  readonly #scanner: JsonScanner
  readonly #cells: RecordCells
  readonly #sink: RowSink<Mark>
  readonly #options: WalkOptions
  /** Whether the name at a level of the path was looked for, and found at least once. */
  readonly #looked: boolean[] = []
  readonly #found: boolean[] = []
  records = 0

  constructor(scanner: JsonScanner, cells: RecordCells, sink: RowSink<Mark>, options: WalkOptions) {
    this.#scanner = scanner
    this.#cells = cells
    this.#sink = sink
    this.#options = options
  }

  /** The document without its records: their array is left out. A document that is one record is given whole. */
  document(): JsonValue {
    if (this.#scanner.peek() === -1) throw new DataRejectedError('the JSON text is empty')
    const rest = this.#walk(0, true)
    this.#scanner.finish()
    const level = this.#looked.findIndex((looked, at) => looked && !this.#found[at])
    if (level >= 0 && this.#options.missing === 'reject')
      this.#reject(`there is nothing at ${this.#pathText(level + 1)}`)
    return rest ?? null
  }

  #walk(level: number, keep: boolean): JsonValue | undefined {
    const segment = this.#options.records[level]
    switch (segment?.kind) {
      case undefined:
        return this.#record(level, keep)
      case 'name':
        return this.#member(level, segment.name, keep)
      case 'index':
        return this.#element(level, segment.index)
      case 'wildcard':
        return this.#all(level)
    }
  }

  #record(depth: number, keep: boolean): JsonValue | undefined {
    const scanner = this.#scanner
    const byte = scanner.peek()
    const start = scanner.position
    if (byte !== OPEN_BRACE) {
      scanner.value(depth)
      const hint = byte === OPEN_BRACKET ? ` (an array: let \`records\` end in one [*] more)` : ''
      this.#reject(
        `record ${this.records + 1} at byte ${start} is not an object${hint}: ${excerpt(scanner.bytes, start)}`,
      )
    }
    this.records++
    this.#cells.read(scanner, depth)
    this.#sink.row()
    return keep ? valueOf(scanner, start, scanner.position) : undefined
  }

  #member(level: number, name: string, keep: boolean): JsonValue | undefined {
    const scanner = this.#scanner
    if (scanner.peek() !== OPEN_BRACE) this.#mismatch(level, 'an object')
    const members = this.#options.inherited[level] ?? []
    for (const { column } of members) this.#cells.inherit(column, 0, 0, 0)
    const rest: Record<string, JsonValue> | undefined = keep ? {} : undefined
    const seen = new Set<string>()
    this.#looked[level] = true
    let at = -1
    let done = false
    let mark: { rows: Mark; records: number } | undefined
    const descend = () => {
      if (mark) this.#reset(mark)
      mark ??= this.#mark()
      setOwn(rest, name, this.#walk(level + 1, keep))
      done = true
    }
    if (scanner.open(CLOSE_BRACE)) {
      do {
        const key = readKey(scanner)
        scanner.peek()
        const start = scanner.position
        if (key === name) {
          this.#found[level] = true
          at = start
          if (seen.size === members.length) {
            descend()
          } else {
            scanner.value(level + 1)
            done = false
          }
          continue
        }
        for (const member of members) {
          if (member.name !== key) continue
          scanner.position = start
          const cell = locate(scanner, member.rest, level + 1)
          this.#cells.inherit(member.column, cell.kind, cell.start, cell.end)
          seen.add(member.column)
          done = false
        }
        if (scanner.position === start) scanner.value(level + 1)
        if (keep) setOwn(rest, key, valueOf(scanner, start, scanner.position))
      } while (scanner.more(CLOSE_BRACE))
    }
    if (at >= 0 && !done) {
      const end = scanner.position
      scanner.position = at
      descend()
      scanner.position = end
    }
    return rest
  }

  #element(level: number, index: number): undefined {
    const scanner = this.#scanner
    if (scanner.peek() !== OPEN_BRACKET) this.#mismatch(level, 'an array')
    this.#looked[level] = true
    const at = elementStart(scanner, index, level)
    if (at < 0) return undefined
    this.#found[level] = true
    const end = scanner.position
    scanner.position = at
    this.#walk(level + 1, false)
    scanner.position = end
  }

  #all(level: number): undefined {
    const scanner = this.#scanner
    switch (scanner.peek()) {
      case OPEN_BRACKET:
        if (!scanner.open(CLOSE_BRACKET)) return
        do this.#walk(level + 1, false)
        while (scanner.more(CLOSE_BRACKET))
        return
      case OPEN_BRACE:
        return this.#allMembers(level)
      case 0x6e:
        // An empty list, as some servers write it.
        scanner.value(level)
        return
      default:
        this.#mismatch(level, 'an array')
    }
  }

  /** The values of an object, in the order of its keys. */
  #allMembers(level: number): undefined {
    const scanner = this.#scanner
    const starts = new Map<string, number>()
    if (!scanner.open(CLOSE_BRACE)) return
    do {
      const key = readKey(scanner)
      scanner.peek()
      starts.set(key, scanner.position)
      scanner.value(level + 1)
    } while (scanner.more(CLOSE_BRACE))
    const end = scanner.position
    for (const start of starts.values()) {
      scanner.position = start
      this.#walk(level + 1, false)
    }
    scanner.position = end
  }

  #mark(): { rows: Mark; records: number } {
    return { rows: this.#sink.mark(), records: this.records }
  }

  #reset(mark: { rows: Mark; records: number }): void {
    this.#sink.reset(mark.rows)
    this.records = mark.records
  }

  #mismatch(level: number, wanted: string): never {
    const scanner = this.#scanner
    const at = scanner.position
    scanner.value(level)
    this.#reject(`${this.#pathText(level)} is not ${wanted}, it is ${excerpt(scanner.bytes, at)}`)
  }

  #pathText(levels: number): string {
    const text = formatJsonPath(this.#options.records.slice(0, levels))
    return text === '$' ? 'the document' : text.replace(/^\$\.?/, '')
  }

  #reject(problem: string): never {
    throw new DataRejectedError(`${problem} (records: ${formatJsonPath(this.#options.records)})`)
  }
}

/** Sets an own property, whatever its name: `__proto__` too. Undefined removes: a repeated key that leads to nothing. */
const setOwn = (target: Record<string, JsonValue> | undefined, key: string, value: JsonValue | undefined): void => {
  if (target === undefined) return
  if (value === undefined) delete target[key]
  else if (key === '__proto__')
    Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true })
  else target[key] = value
}

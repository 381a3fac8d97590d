import { InvalidConfigError } from '@convergence/core/errors.ts'
import type { JsonPath, JsonPathSegment } from '@convergence/core/json-path.ts'
import { formatJsonPath } from '@convergence/core/json-path.ts'
import { CLOSE_BRACE, CLOSE_BRACKET, OPEN_BRACE, OPEN_BRACKET } from './bytes.ts'
import type { JsonScanner, Kind } from './scanner.ts'
import { KIND } from './scanner.ts'
import { stringOf } from './values.ts'

/** A column whose value is a field of one of the record's ancestors. */
export interface Inherit {
  readonly column: string
  readonly path: JsonPath
}

/** At one ancestor: the member to look at, and the way from there to the value. */
export interface InheritedMember {
  readonly column: string
  readonly name: string
  readonly rest: JsonPath
}

const same = (a: JsonPathSegment | undefined, b: JsonPathSegment | undefined): boolean =>
  JSON.stringify(a) === JSON.stringify(b)

/** Inherited members by the level of the ancestor that has them, as far as `records` leads. Throws InvalidConfigError. */
export const inheritedByLevel = (
  records: JsonPath,
  inherits: readonly Inherit[],
): readonly (readonly InheritedMember[])[] => {
  const levels: InheritedMember[][] = records.map(() => [])
  for (const { column, path } of inherits) {
    let level = 0
    while (level < records.length && same(records[level], path[level])) level++
    const [first, ...rest] = path.slice(level)
    const members = records[level]?.kind === 'name' ? levels[level] : undefined
    if (members === undefined || first?.kind !== 'name' || rest.some((segment) => segment.kind === 'wildcard')) {
      throw new InvalidConfigError(
        `inherit.${column}: ${formatJsonPath(path)} is not a field of an ancestor of the records at ${formatJsonPath(records)}`,
      )
    }
    members.push({ column, name: first.name, rest })
  }
  return levels
}

/** Reads the value at the scanner's position and gives where in it the path leads; the scanner is left behind the whole value. */
export const locate = (
  scanner: JsonScanner,
  path: JsonPath,
  depth: number,
): { kind: Kind; start: number; end: number } => {
  scanner.peek()
  const start = scanner.position
  const kind = scanner.value(depth)
  const end = scanner.position
  const [segment, ...rest] = path
  if (segment === undefined) return { kind, start, end }
  scanner.position = start
  const at =
    segment.kind === 'name'
      ? memberStart(scanner, segment.name, depth)
      : segment.kind === 'index'
        ? elementStart(scanner, segment.index, depth)
        : -1
  if (at < 0) {
    scanner.position = end
    return { kind: KIND.absent, start: end, end }
  }
  scanner.position = at
  const found = locate(scanner, rest, depth + 1)
  scanner.position = end
  return found
}

/** Offset of the value of the last member of that name, or -1. */
const memberStart = (scanner: JsonScanner, name: string, depth: number): number => {
  let found = -1
  if (scanner.peek() !== OPEN_BRACE || !scanner.open(CLOSE_BRACE)) return found
  do {
    const key = readKey(scanner)
    scanner.peek()
    if (key === name) found = scanner.position
    scanner.value(depth + 1)
  } while (scanner.more(CLOSE_BRACE))
  return found
}

/** Offset of the element of that index (negative: from the end), or -1. The scanner is left behind the array. */
export const elementStart = (scanner: JsonScanner, index: number, depth: number): number => {
  const starts: number[] = []
  if (scanner.peek() !== OPEN_BRACKET || !scanner.open(CLOSE_BRACKET)) return -1
  do {
    scanner.peek()
    starts.push(scanner.position)
    scanner.value(depth + 1)
  } while (scanner.more(CLOSE_BRACKET))
  return starts.at(index) ?? -1
}

/** Reads a key and its colon. */
export const readKey = (scanner: JsonScanner): string => {
  scanner.peek()
  const start = scanner.position
  scanner.key()
  return stringOf(scanner, start, scanner.stringEnd, scanner.escaped)
}

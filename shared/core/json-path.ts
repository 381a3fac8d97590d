import { InvalidConfigError } from './errors.ts'

/** RFC 9535 with names, indexes and wildcards only. The leading `$` or `$.` may be left out: `data[*].results[*]`. */
export type JsonPathSegment =
  | { readonly kind: 'name'; readonly name: string }
  /** Negative counts from the end. */
  | { readonly kind: 'index'; readonly index: number }
  | { readonly kind: 'wildcard' }

export type JsonPath = readonly JsonPathSegment[]

const MAX_LENGTH = 1_000

const NAME = /^[\p{L}_][\p{L}\p{N}_-]*/u
const INDEX = /^\[\s*(-?(?:0|[1-9]\d{0,8}))\s*\]/
const WILDCARD = /^\[\s*\*\s*\]/
const QUOTED = /^\[\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")\s*\]/u

const unescape = (text: string): string =>
  text.replaceAll(/\\(u[0-9a-fA-F]{4}|.)/gu, (_all, code: string) => {
    if (code.length > 1) return String.fromCharCode(Number.parseInt(code.slice(1), 16))
    return { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }[code] ?? code
  })

/** The first segment of `rest`, and how long its text is. A text instead says what is wrong. */
const nextSegment = (rest: string, first: boolean): { segment: JsonPathSegment; length: number } | string => {
  if (rest.startsWith('..')) return '`..` is not supported: name each level'
  const dot = rest.startsWith('.') ? 1 : 0
  if (dot || (first && !rest.startsWith('['))) {
    const after = rest.slice(dot)
    if (after.startsWith('*')) return { segment: { kind: 'wildcard' }, length: dot + 1 }
    const name = NAME.exec(after)
    return name
      ? { segment: { kind: 'name', name: name[0] }, length: dot + name[0].length }
      : 'a name or `*` is missing'
  }
  const wildcard = WILDCARD.exec(rest)
  if (wildcard) return { segment: { kind: 'wildcard' }, length: wildcard[0].length }
  const index = INDEX.exec(rest)
  if (index) return { segment: { kind: 'index', index: Number(index[1]) }, length: index[0].length }
  const quoted = QUOTED.exec(rest)
  if (quoted)
    return { segment: { kind: 'name', name: unescape(quoted[1] ?? quoted[2] ?? '') }, length: quoted[0].length }
  return "only names, `[0]`, `[*]` and `['quoted name']` are supported"
}

/** Throws InvalidConfigError that says where the path cannot be read. `$` alone is the whole document: no segments. */
export const parseJsonPath = (text: string): JsonPath => {
  const segments: JsonPathSegment[] = []
  let at = text.startsWith('$') ? 1 : 0
  if (text.length > MAX_LENGTH) throw new InvalidConfigError(`the path is longer than ${MAX_LENGTH} characters`)
  if (text === '') throw new InvalidConfigError('the path is empty: `$` is the whole document')
  while (at < text.length) {
    const found = nextSegment(text.slice(at), at === 0)
    if (typeof found === 'string')
      throw new InvalidConfigError(`path ${JSON.stringify(text)}, character ${at + 1}: ${found}`)
    segments.push(found.segment)
    at += found.length
  }
  return segments
}

/** The normalized text, which `parseJsonPath` reads back. */
export const formatJsonPath = (path: JsonPath): string =>
  path.reduce((text, segment) => {
    if (segment.kind === 'wildcard') return `${text}[*]`
    if (segment.kind === 'index') return `${text}[${segment.index}]`
    return NAME.exec(segment.name)?.[0] === segment.name
      ? `${text}.${segment.name}`
      : `${text}[${JSON.stringify(segment.name)}]`
  }, '$')

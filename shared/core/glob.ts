import { InvalidConfigError } from './errors.ts'

/**
 * Object names by pattern: `*` and `?` stay inside a folder, `**` crosses folders (followed by a slash: any number of folders, none too), `{a,b}` is either.
 * Matching takes at most (pattern x name) steps, whatever the pattern.
 */
export interface Glob {
  /** What every matching name begins with. */
  readonly prefix: string
  matches(name: string): boolean
}

const MAX_ALTERNATIVES = 1000

type Token = string | typeof ANY | typeof STAR | typeof CROSS | typeof FOLDERS
const ANY = Symbol('?')
const STAR = Symbol('*')
/** `**`: anything, folders too. */
const CROSS = Symbol('**')
/** `**` and a slash: any number of whole folders. */
const FOLDERS = Symbol('**/')

/** Throws InvalidConfigError for braces that do not pair, or that stand for more than 1,000 patterns. */
export const parseGlob = (pattern: string): Glob => {
  const alternatives = expandBraces(pattern).map(tokens)
  const prefixes = alternatives.map(literalPrefix)
  return { prefix: commonPrefix(prefixes), matches: (name) => alternatives.some((list) => matchTokens(list, name)) }
}

const expandBraces = (pattern: string): string[] => {
  const open = pattern.indexOf('{')
  if (open === -1) {
    if (pattern.includes('}')) throw new InvalidConfigError(`glob ${JSON.stringify(pattern)}: } has no partner`)
    return [pattern]
  }
  const [parts, close] = splitBraces(pattern, open)
  const tails = expandBraces(pattern.slice(close + 1))
  const heads = parts.flatMap(expandBraces)
  if (heads.length * tails.length > MAX_ALTERNATIVES)
    throw new InvalidConfigError(
      `glob ${JSON.stringify(pattern)}: its braces stand for more than ${MAX_ALTERNATIVES} patterns`,
    )
  const before = pattern.slice(0, open)
  if (before.includes('}')) throw new InvalidConfigError(`glob ${JSON.stringify(pattern)}: } has no partner`)
  return heads.flatMap((head) => tails.map((tail) => before + head + tail))
}

/** The alternatives of the brace at `open`, and where it closes. */
const splitBraces = (pattern: string, open: number): [string[], number] => {
  const parts: string[] = []
  let depth = 0
  let start = open + 1
  for (let at = open; at < pattern.length; at++) {
    const character = pattern[at]
    if (character === '{') depth++
    else if (character === '}' && --depth === 0) return [[...parts, pattern.slice(start, at)], at]
    else if (character === ',' && depth === 1) {
      parts.push(pattern.slice(start, at))
      start = at + 1
    }
  }
  throw new InvalidConfigError(`glob ${JSON.stringify(pattern)}: { has no partner`)
}

const tokens = (pattern: string): Token[] => {
  const list: Token[] = []
  for (let at = 0; at < pattern.length;) {
    const stars = /^\*+/.exec(pattern.slice(at))?.[0].length ?? 0
    if (stars === 0) {
      const character = String.fromCodePoint(pattern.codePointAt(at) as number)
      list.push(character === '?' ? ANY : character)
      at += character.length
    } else {
      at += stars
      const whole = stars > 1 && pattern[at] === '/' && (at === stars || pattern[at - stars - 1] === '/')
      list.push(stars === 1 ? STAR : whole ? FOLDERS : CROSS)
      if (whole) at++
    }
  }
  return list
}

/** All positions of the token list that the name so far can have reached, from character to character. */
const matchTokens = (list: readonly Token[], name: string): boolean => {
  let reached = closure(list, new Set([0]))
  for (const character of name) {
    const next = new Set<number>()
    for (const at of reached) step(list, at, character, next)
    reached = closure(list, next, character === '/')
    if (reached.size === 0) return false
  }
  return reached.has(list.length)
}

const step = (list: readonly Token[], at: number, character: string, next: Set<number>): void => {
  const token = list[at]
  if (token === CROSS || token === FOLDERS) next.add(at)
  else if (token === STAR) {
    if (character !== '/') next.add(at)
  } else if (token === ANY ? character !== '/' : token === character) next.add(at + 1)
}

/** Adds what is reached by matching nothing. FOLDERS is left only where it was entered, or behind a `/`. */
const closure = (list: readonly Token[], positions: Set<number>, behindSlash = true): Set<number> => {
  for (const at of positions) {
    const token = list[at]
    if (token === STAR || token === CROSS || (token === FOLDERS && behindSlash)) positions.add(at + 1)
  }
  return positions
}

const literalPrefix = (list: readonly Token[]): string => {
  const end = list.findIndex((token) => typeof token !== 'string')
  return list.slice(0, end === -1 ? list.length : end).join('')
}

const commonPrefix = (texts: readonly string[]): string => {
  let prefix = texts[0] ?? ''
  for (const text of texts) while (!text.startsWith(prefix)) prefix = prefix.slice(0, -1)
  return prefix
}

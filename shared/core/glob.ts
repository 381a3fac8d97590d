/**
 * Globs over object names: `*` and `?` stay inside a folder, `**` crosses folders, `{a,b}` is either. Matched step by step, in time
 * that grows with text times pattern: there is no pattern that takes for ever.
 */
export const matchesGlob = (glob: string, name: string): boolean => expandBraces(glob).some((pattern) => matchesPattern(tokensOf(pattern), name))

/** The longest beginning of all names that can match: what a listing begins with. */
export const globPrefix = (glob: string): string => /^[^*?{[\]]*/.exec(glob)?.[0] ?? ''

/** Alternatives that one pattern may have in all. */
const MOST_ALTERNATIVES = 100

const expandBraces = (glob: string): string[] => {
  let patterns = [glob]
  for (;;) {
    const next = patterns.flatMap(expandFirst)
    if (next.length === patterns.length) return next
    if (next.length > MOST_ALTERNATIVES) return patterns
    patterns = next
  }
}

const expandFirst = (pattern: string): string[] => {
  const match = /^([^{]*)\{([^{}]*)\}(.*)$/s.exec(pattern)
  if (!match) return [pattern]
  const [, before = '', inside = '', after = ''] = match
  return inside.split(',').map((one) => before + one + after)
}

type Token = string | typeof ANY_CHARACTER | typeof ANY_NAME | typeof ANY_PATH | typeof ANY_FOLDERS
const ANY_CHARACTER = Symbol('?')
const ANY_NAME = Symbol('*')
const ANY_PATH = Symbol('**')
/** `**` + `/`: no folder, or some. */
const ANY_FOLDERS = Symbol('**/')

const tokensOf = (pattern: string): Token[] => {
  const tokens: Token[] = []
  for (let at = 0; at < pattern.length; ) {
    const rest = pattern.slice(at, at + 3)
    const startsFolder = at === 0 || pattern[at - 1] === '/'
    if (startsFolder && rest === '**/') tokens.push(ANY_FOLDERS)
    else if (rest.startsWith('**')) tokens.push(ANY_PATH)
    else if (rest.startsWith('*')) tokens.push(ANY_NAME)
    else tokens.push(rest.startsWith('?') ? ANY_CHARACTER : rest.charAt(0))
    const last = tokens.at(-1)
    at += last === ANY_FOLDERS ? 3 : last === ANY_PATH ? 2 : 1
  }
  return tokens
}

/** All places in the pattern that the text so far can have reached. */
const matchesPattern = (tokens: readonly Token[], text: string): boolean => {
  let places = withSkips(tokens, new Set([0]), true)
  for (const character of text) {
    const next = new Set<number>()
    for (const place of places) {
      const token = tokens[place]
      if (token === character || (token === ANY_CHARACTER && character !== '/')) next.add(place + 1)
      else if (token === ANY_PATH || token === ANY_FOLDERS || (token === ANY_NAME && character !== '/')) next.add(place)
    }
    if (next.size === 0) return false
    places = withSkips(tokens, next, character === '/')
  }
  return places.has(tokens.length)
}

/** Stars may match nothing; whole folders end only at a slash. */
const withSkips = (tokens: readonly Token[], places: Set<number>, atFolder: boolean): Set<number> => {
  const all = new Set(places)
  for (const place of all) {
    const token = tokens[place]
    if (token === ANY_NAME || token === ANY_PATH || (token === ANY_FOLDERS && atFolder)) all.add(place + 1)
  }
  return all
}

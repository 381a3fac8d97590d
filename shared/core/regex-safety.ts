/**
 * A tenant's pattern runs on V8, which backtracks: `^(a+)+$` on 29 characters holds it for 10 s. So patterns are restricted, and texts are
 * capped at 256 characters: at most three repetitions of variable length, none inside a repeated group, no alternatives in one either,
 * no look-around, no back references. The worst that is left is some millions of steps.
 */
export const MAX_PATTERN_TEXT = 256
const MAX_VARIABLE = 3

interface Group {
  variable: boolean
  alternatives: boolean
}

const CLASS = /^\[(?:\\.|[^\]\\])*\]/
const QUANTIFIER = /^(?:[*+?]|\{(\d+)(,(\d*))?\})\??/

/** What is wrong with a pattern; undefined: nothing. */
export const patternProblem = (pattern: string): string | undefined => {
  try {
    new RegExp(pattern, 'u')
  } catch (error) {
    return `is not a regular expression: ${error instanceof Error ? error.message : String(error)}`
  }
  return scan(pattern)
}

const scan = (pattern: string): string | undefined => {
  const groups: Group[] = [{ variable: false, alternatives: false }]
  let variables = 0
  let closed: Group | undefined
  let at = 0
  while (at < pattern.length) {
    const rest = pattern.slice(at)
    const top = groups.at(-1)
    const quantifier = QUANTIFIER.exec(rest)
    if (quantifier) {
      const variable = quantifier[1] === undefined || (quantifier[2] !== undefined && quantifier[1] !== quantifier[3])
      if (closed?.variable) return 'repeats a group that holds a repetition: write it without nesting'
      if (closed?.alternatives) return 'repeats a group of alternatives: write it without nesting'
      if (variable && (variables += 1) > MAX_VARIABLE)
        return `has more than ${MAX_VARIABLE} repetitions of variable length (* + ? {1,9})`
      if (variable && top) top.variable = true
      at += quantifier[0].length
      closed = undefined
      continue
    }
    closed = undefined
    if (rest.startsWith('\\')) {
      if (/^\\[1-9k]/.test(rest)) return 'has a back reference'
      at += 2
    } else if (rest.startsWith('[')) {
      at += CLASS.exec(rest)?.[0].length ?? 1
    } else if (rest.startsWith('(')) {
      if (rest.startsWith('(?') && !rest.startsWith('(?:'))
        return 'has a look-around or a named group: only ( ) and (?: ) are allowed'
      groups.push({ variable: false, alternatives: false })
      at += rest.startsWith('(?:') ? 3 : 1
    } else if (rest.startsWith(')')) {
      closed = groups.pop()
      const outer = groups.at(-1)
      if (closed && outer) {
        outer.variable ||= closed.variable
        outer.alternatives ||= closed.alternatives
      }
      at += 1
    } else {
      if (rest.startsWith('|') && top) top.alternatives = true
      at += 1
    }
  }
  return undefined
}

/** The whole text matches. Only for patterns that `patternProblem` let pass; a text that is too long does not match. */
export const matchesPattern = (pattern: string, text: string): boolean =>
  text.length <= MAX_PATTERN_TEXT && new RegExp(`^(?:${pattern})$`, 'u').test(text)

import { describe, expect, it } from 'vitest'
import { MAX_PATTERN_TEXT, matchesPattern, patternProblem } from './regex-safety.ts'

describe('a pattern of a tenant', () => {
  it.each(['[a-z]{2,5}-\\d+', '(ab){3}', '\\d{4}(-\\d{2}){2}', '(?:a|b)x', '[(*+]+', '\\(a+\\)', '^a$', '(a{2}b)+'])(
    '%s is allowed',
    (pattern) => {
      expect(patternProblem(pattern)).toBeUndefined()
    },
  )

  it.each([
    ['^(a+)+$', 'holds a repetition'],
    ['((a+)b)*', 'holds a repetition'],
    ['((?:a?)b){2,}', 'holds a repetition'],
    ['(a{1,5}){1,5}', 'holds a repetition'],
    ['(a|a)*', 'alternatives'],
    ['((a|b)c)+', 'alternatives'],
    ['.*.*.*.*x', 'more than 3'],
    ['a?a?a?a?', 'more than 3'],
    ['(?=a)b', 'look-around'],
    ['(?<n>a)', 'look-around or a named group'],
    ['(a)\\1', 'back reference'],
    ['(', 'not a regular expression'],
    ['a{2', 'not a regular expression'],
  ])('%s is refused: %s', (pattern, message) => {
    expect(patternProblem(pattern)).toContain(message)
  })

  it('matches the whole text, and none that is too long', () => {
    expect(matchesPattern('a|b', 'b')).toBe(true)
    expect(matchesPattern('a|b', 'bc')).toBe(false)
    expect(matchesPattern('a*', 'a'.repeat(MAX_PATTERN_TEXT))).toBe(true)
    expect(matchesPattern('a*', 'a'.repeat(MAX_PATTERN_TEXT + 1))).toBe(false)
  })
})

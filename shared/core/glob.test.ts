import { describe, expect, it } from 'vitest'
import { globPrefix, matchesGlob } from './glob.ts'

describe('a glob', () => {
  it.each([
    ['openai/*.csv', 'openai/a.csv', true],
    ['openai/*.csv', 'openai/2026/a.csv', false],
    ['aws/**/*.csv.gz', 'aws/a.csv.gz', true],
    ['aws/**/*.csv.gz', 'aws/x/y/a.csv.gz', true],
    ['aws/**/*.csv.gz', 'aws2/x/a.csv.gz', false],
    ['aws/**/*.csv.gz', 'awsx.csv.gz', false],
    ['**', 'any/thing', true],
    ['a/**', 'a/', true],
    ['?.csv', 'a.csv', true],
    ['?.csv', '/.csv', false],
    ['{a,b}/x{1,2}.csv', 'b/x2.csv', true],
    ['{a,b}/x{1,2}.csv', 'c/x2.csv', false],
    ['a.csv', 'aXcsv', false],
    ['**/a', 'xa', false],
    ['', '', true],
  ])('%s on %s is %s', (glob, name, matches) => {
    expect(matchesGlob(glob, name)).toBe(matches)
  })

  it('takes no pattern for ever', () => {
    expect(matchesGlob('*a'.repeat(200), 'a'.repeat(1_000))).toBe(true)
    expect(matchesGlob(`${'**a'.repeat(100)}b`, 'a'.repeat(1_000))).toBe(false)
  })

  it('gives the beginning that a listing needs', () => {
    expect(globPrefix('aws/2026-*/x.csv')).toBe('aws/2026-')
    expect(globPrefix('a/{b,c}')).toBe('a/')
  })
})

import { describe, expect, it } from 'vitest'
import { InvalidConfigError } from './errors.ts'
import { parseGlob } from './glob.ts'

describe('parseGlob', () => {
  it.each([
    ['aws/*.csv', 'aws/a.csv', true],
    ['aws/*.csv', 'aws/x/a.csv', false],
    ['aws/**/*.csv.gz', 'aws/a.csv.gz', true],
    ['aws/**/*.csv.gz', 'aws/2024/01/a.csv.gz', true],
    ['aws/**/*.csv.gz', 'awsome/a.csv.gz', false],
    ['aws/**/b.csv', 'aws/xb.csv', false],
    ['**/b.csv', 'b.csv', true],
    ['**/b.csv', 'a/b.csv', true],
    ['a/**', 'a/b/c', true],
    ['a**c', 'a/b/c', true],
    ['day=?/x', 'day=1/x', true],
    ['day=?/x', 'day=12/x', false],
    ['a?b', 'a/b', false],
    ['{aws,gcp}/*.{csv,json}', 'gcp/x.json', true],
    ['{aws,gcp}/*.{csv,json}', 'azure/x.json', false],
    ['a.csv', 'axcsv', false],
    ['a/{b,c{d,e}}', 'a/ce', true],
    ['a/{b,}c', 'a/c', true],
    ['*', '', true],
  ])('%s on %s gives %s', (pattern, name, expected) => {
    expect(parseGlob(pattern).matches(name)).toBe(expected)
  })

  it('knows what all its names begin with', () => {
    expect(parseGlob('aws/2024-*/x.csv').prefix).toBe('aws/2024-')
    expect(parseGlob('{aws/a,aws/b}/*').prefix).toBe('aws/')
    expect(parseGlob('aws/a.csv').prefix).toBe('aws/a.csv')
  })

  it('takes no longer for a pattern that would hold a regular expression for ever', () => {
    const name = 'a'.repeat(1000)
    expect(parseGlob(`${'*a'.repeat(200)}b`).matches(name)).toBe(false)
    expect(parseGlob(`${'**/'.repeat(50)}b`).matches('a/'.repeat(400))).toBe(false)
  })

  it('refuses braces without a partner, and braces that stand for too much', () => {
    expect(() => parseGlob('a{b')).toThrow(InvalidConfigError)
    expect(() => parseGlob('a}b')).toThrow(InvalidConfigError)
    expect(() => parseGlob('{1,2,3,4,5,6,7,8,9,0}'.repeat(4))).toThrow(/more than 1000/)
  })
})

import { DuckDBInstance } from '@duckdb/node-api'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { checkRegex } from './regex.ts'

const accepts = (pattern: string): boolean => {
  try {
    checkRegex(pattern)
    return true
  } catch {
    return false
  }
}

const pieces = fc.constantFrom(
  'a',
  'b',
  '1',
  '-',
  '.',
  '^',
  '$',
  '|',
  '(',
  ')',
  '[',
  ']',
  '[^',
  '*',
  '+',
  '?',
  '{2}',
  '{2,}',
  '{1,3}',
  '{3,1}',
  '{1001}',
  '{',
  '}',
  ',',

  '(?:',
  '(?i)',
  '(?i-s:',
  '(?P<n>',
  '(?<m>',
  '(?=',
  '(?!',
  '(?<=',
  '(?#',
  '[:alpha:]',
  '[:x:]',
  '[[:digit:]]',
  ' ',
  'é',
  '😀',
  ']',
  ':',

  String.raw`\d`,
  String.raw`\b`,
  String.raw`\1`,
  String.raw`\0`,
  String.raw`\x41`,
  String.raw`\x{10FFFF}`,
  String.raw`\x{110000}`,

  String.raw`\pL`,
  String.raw`\p{Greek}`,
  String.raw`\p{Nope}`,
  String.raw`\y`,
  String.raw`\Z`,
  String.raw`\z`,
  String.raw`\Q`,
  String.raw`\E`,

  String.raw`\.`,
  String.raw`\-`,
  String.raw`\_`,
  '\\',
  String.raw`\C`,
  String.raw`\12`,
  String.raw`\8`,
  String.raw`\xZ`,
)

it('accepts the patterns that RE2 accepts, and no others', async () => {
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  const engineAccepts = (pattern: string) =>
    connection.run('SELECT regexp_matches(v, $p) FROM (VALUES ($v)) t(v)', { p: pattern, v: 'a' }).then(
      () => true,
      () => false,
    )
  await fc.assert(
    fc.asyncProperty(fc.array(pieces, { maxLength: 7 }), async (parts) => {
      const pattern = parts.join('')
      expect({ pattern, accepted: accepts(pattern) }).toEqual({ pattern, accepted: await engineAccepts(pattern) })
    }),
    { numRuns: 2000 },
  )
  connection.closeSync()
  instance.closeSync()
})

it('says what is wrong, and where', () => {
  expect(() => checkRegex('ab(?=c)')).toThrow('unsupported group (?=c at position 3')
  expect(() => checkRegex('[a')).toThrow('missing ] at position 1')
})

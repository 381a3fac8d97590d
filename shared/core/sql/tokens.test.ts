import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { InvalidInputError } from '../errors.ts'
import { positionOf, tokenize } from './tokens.ts'

const kinds = (text: string): string[] => tokenize(text).map((token) => `${token.kind} ${token.value}`)

describe('tokens of GoogleSQL', () => {
  it('tells words, names, numbers, parameters, templates and signs apart', () => {
    expect(kinds('a `b c` 1.5e3 .5 0xFF @p {{ raw.t }} <=')).toEqual([
      'word a',
      'quoted b c',
      'number 1.5e3',
      'number .5',
      'number 0xFF',
      'parameter p',
      'template raw.t',
      'symbol <',
      'symbol =',
    ])
  })

  it('skips the three kinds of comments', () => {
    expect(kinds('1 -- {{ a.b }}\n# @x\n/* "open */ 2')).toEqual(['number 1', 'number 2'])
  })

  it('reads strings of every form with their escapes', () => {
    expect(kinds(String.raw`'a\'b' "c\x41\u00e9\101" r'\d' '''x'y''' """z"""`)).toEqual([
      "string a'b",
      'string cAéA',
      String.raw`string \d`,
      "string x'y",
      'string z',
    ])
  })

  it('reads bytes as hex', () => {
    expect(kinds(String.raw`b'a\xff' rb'\x' B"é"`)).toEqual(['bytes 61ff', 'bytes 5c78', 'bytes c3a9'])
  })

  it.each([
    [`SELECT 'open`, 'SQL 1:8: this string is never closed'],
    ['SELECT\n  `open', 'SQL 2:3: this quoted name is never closed'],
    ['SELECT 1 /* open', 'SQL 1:10: this comment is never closed'],
    ['{{ open', 'SQL 1:1: this template is never closed'],
    [String.raw`'\q'`, 'SQL 1:2: "\\\\q" is not an escape of GoogleSQL'],
    ['SELECT é', 'SQL 1:8: unexpected character "é"'],
  ])('refuses %s with its position', (text, message) => {
    expect(() => tokenize(text)).toThrow(message)
  })

  it('never fails otherwise, nor stands still, whatever the text is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), (text) => {
        try {
          const tokens = tokenize(text)
          expect(
            tokens.every((token, index) => token.end > token.start && token.start >= (tokens[index - 1]?.end ?? 0)),
          ).toBe(true)
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidInputError)
        }
      }),
    )
  })

  it('counts columns in characters', () => {
    expect(positionOf('a\n😀é x', 5)).toBe('2:3')
  })
})

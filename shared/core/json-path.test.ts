import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatJsonPath, parseJsonPath, type JsonPathSegment } from './json-path.ts'

const segment: fc.Arbitrary<JsonPathSegment> = fc.oneof(
  fc.string().map((name) => ({ kind: 'name' as const, name })),
  fc.integer({ min: -999, max: 999 }).map((index) => ({ kind: 'index' as const, index: index === 0 ? 0 : index })),
  fc.constant({ kind: 'wildcard' as const }),
)

describe('a JSON path', () => {
  it.each([
    ['data[*].results[*]', '$.data[*].results[*]'],
    ['$.data.*', '$.data[*]'],
    ['$', '$'],
    ['[*]', '$[*]'],
    ["$['a b'][0]", '$["a b"][0]'],
    ['items[-1].größe', '$.items[-1].größe'],
  ])('%s is read as %s', (text, normal) => {
    expect(formatJsonPath(parseJsonPath(text))).toBe(normal)
  })

  it.each([
    ['', 'empty'],
    ['a..b', 'character 2: `..` is not supported'],
    ['a[?(@.b)]', 'character 2: only names'],
    ['a[0:2]', 'character 2: only names'],
    ['a.', 'character 2: a name or `*` is missing'],
    ['$a', 'character 2: only names'],
    ['a[01]', 'character 2: only names'],
    ['a b', 'character 2: only names'],
  ])('%s is refused: %s', (text, message) => {
    expect(() => parseJsonPath(text)).toThrow(message)
  })

  it('is read back from its normal text, whatever its names hold', () => {
    fc.assert(
      fc.property(fc.array(segment), (path) => {
        expect(parseJsonPath(formatJsonPath(path))).toEqual(path)
      }),
    )
  })
})

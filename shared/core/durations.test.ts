import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatDuration, parseDuration } from './durations.ts'
import { formatSize, parseSize } from './sizes.ts'

describe('durations and sizes', () => {
  it.each([
    ['500ms', 500],
    ['30s', 30_000],
    ['10m', 600_000],
    ['2h', 7_200_000],
    ['7d', 604_800_000],
    ['0s', 0],
    ['1.5h', undefined],
    ['-1s', undefined],
    ['10', undefined],
    ['10 s', undefined],
    ['1w', undefined],
  ])('reads the duration %s as %s milliseconds', (text, ms) => {
    expect(parseDuration(text)).toBe(ms)
  })

  it.each([
    ['64MB', 64_000_000],
    ['64MiB', 67_108_864],
    ['1TB', 1e12],
    ['10GB', 1e10],
    ['5B', 5],
    ['64mb', undefined],
    ['64', undefined],
  ])('reads the size %s as %s bytes', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes)
  })

  it('writes what it reads back', () => {
    fc.assert(
      fc.property(fc.nat(999_999_999), (number) => {
        expect(parseDuration(formatDuration(number))).toBe(number)
        expect(parseSize(formatSize(number))).toBe(number)
      }),
    )
  })
})

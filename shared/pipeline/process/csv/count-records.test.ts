import fc from 'fast-check'
import { expect, it } from 'vitest'
import { countPlainRecords, isPlain, NOT_PLAIN } from './count-records.ts'

const dialect = { delimiter: 0x2c, quote: 0x22 }

it('counts lines of the right number of fields, wherever the bytes lie in memory', () => {
  const line = fc
    .array(fc.stringMatching(/^[a-zé]{0,6}$/), { minLength: 1, maxLength: 4 })
    .map((cells) => cells.join(','))
  fc.assert(
    fc.property(
      fc.array(line, { maxLength: 12 }),
      fc.integer({ min: 1, max: 4 }),
      fc.nat(7),
      (lines, columns, offset) => {
        const text = lines.map((one) => `${one}\n`).join('')
        const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(text)]).subarray(offset)
        const right = lines.every((one) => one.split(',').length === columns)
        expect(countPlainRecords(bytes, columns, dialect)).toBe(right ? lines.length : NOT_PLAIN)
      },
    ),
    { numRuns: 2000 },
  )
})

it('leaves lines with quotes, NUL, a lone CR, or bytes that are not UTF-8 to a closer look', () => {
  for (const text of ['a,"b"\n', 'a,\0\n', 'a\rb,c\n', 'a,b\r\r\n'])
    expect(isPlain(Buffer.from(text), dialect)).toBe(false)
  expect(isPlain(Buffer.from('é,b\n', 'latin1'), dialect)).toBe(false)
  const plain = Buffer.from('a,b\r\n,\r\n')
  expect([isPlain(plain, dialect), countPlainRecords(plain, 2, dialect)]).toEqual([true, 2])
})

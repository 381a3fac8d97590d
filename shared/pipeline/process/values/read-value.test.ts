import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { FieldType } from '@convergence/core/table.ts'
import { column } from '../testing.ts'
import { readDecimal } from './decimal.ts'
import { valueReader } from './read-value.ts'

const read = (type: FieldType, text: string | null, more: Parameters<typeof column>[2] = {}): string | null => {
  const reading = valueReader(column('c', type, more))(text)
  return reading === null ? null : 'value' in reading ? reading.value : `! ${reading.reason}`
}

describe('valueReader', () => {
  it.each<[FieldType, string, string]>([
    ['INT64', '0', '0'],
    ['INT64', '-0', '0'],
    ['INT64', '+007', '7'],
    ['INT64', '9223372036854775807', '9223372036854775807'],
    ['INT64', '-9223372036854775808', '-9223372036854775808'],
    ['FLOAT64', '1.5e3', '1.5e3'],
    ['FLOAT64', 'NaN', 'nan'],
    ['FLOAT64', '-Infinity', '-inf'],
    ['FLOAT64', '+INF', 'inf'],
    ['BOOL', 'TRUE', 'true'],
    ['BOOL', 'f', 'false'],
    ['BOOL', '1', 'true'],
    ['DATE', '2024-02-29', '2024-02-29'],
    ['DATE', '0001-01-01', '0001-01-01'],
    ['TIMESTAMP', '2024-01-05T01:02:03Z', '2024-01-05T01:02:03'],
    ['TIMESTAMP', '2024-01-05 01:02:03.120000', '2024-01-05T01:02:03.12'],
    ['TIMESTAMP', '2024-01-05T01:02:03.5+02:30', '2024-01-04T22:32:03.5'],
    ['TIMESTAMP', '2024-01-05 01:02:03-05', '2024-01-05T06:02:03'],
    ['TIMESTAMP', '2024-01-05 01:02:03 UTC', '2024-01-05T01:02:03'],
    ['TIMESTAMP', '2024-01-05', '2024-01-05T00:00:00'],
    ['TIMESTAMP', '2024-01-05T01:02:03.123456000Z', '2024-01-05T01:02:03.123456'],
    ['DATETIME', '2024-01-05 01:02:03', '2024-01-05T01:02:03'],
    ['TIME', '23:59:59.000001', '23:59:59.000001'],
    ['BYTES', 'aGk=', 'aGk='],
    ['BYTES', '', ''],
    ['JSON', '{"a":1.0}', '{"a":1.0}'],
    ['STRING', ' as it is ', ' as it is '],
    ['NUMERIC', '1.500000000000', '1.5'],
    ['NUMERIC', '6.2E-8', '0.000000062'],
    ['NUMERIC', '1e3', '1000'],
    ['NUMERIC', '-12e-1', '-1.2'],
    ['NUMERIC', '.5', '0.5'],
    ['NUMERIC', '5.', '5'],
    ['NUMERIC', '-0', '0'],
    ['NUMERIC', '0e999999999', '0'],
    ['NUMERIC', '99999999999999999999999999999.999999999', '99999999999999999999999999999.999999999'],
    ['BIGNUMERIC', '12345678901234567890.123456789012345678', '12345678901234567890.123456789012345678'],
  ])('reads %s %j as %j', (type, text, expected) => {
    expect(read(type, text)).toBe(expected)
  })

  it.each<[FieldType, string, RegExp]>([
    ['INT64', '9223372036854775808', /outside INT64/],
    ['INT64', '1.0', /not a whole number/],
    ['INT64', ' 1', /not a whole number/],
    ['INT64', '', /not a whole number/],
    ['INT64', '1'.repeat(10_000_00), /outside INT64/],
    ['FLOAT64', '1e400', /outside FLOAT64/],
    ['FLOAT64', '0x10', /not a number/],
    ['FLOAT64', 'constructor', /not a number/],
    ['BOOL', 'maybe', /'maybe' is not a BOOL/],
    ['BOOL', 'toString', /not a BOOL/],
    ['DATE', '2024-02-30', /'2024-02-30' is not a date/],
    ['DATE', '2024-01-05T00:00', /not a date/],
    ['DATE', '2023-02-29', /not a date/],
    ['DATE', '1900-02-29', /not a date/],
    ['DATE', '0000-01-01', /not a date/],
    ['DATE', '2024-1-5', /not a date/],
    ['TIMESTAMP', '2024-01-05T24:00:00Z', /not a timestamp/],
    ['TIMESTAMP', '2024-01-05T23:59:60Z', /not a timestamp/],
    ['TIMESTAMP', '2024-01-05T01:02:03.1234567Z', /not a timestamp/],
    ['TIMESTAMP', '2024-01-05T01:02:03+15:00', /not a timestamp/],
    ['TIMESTAMP', '0001-01-01T00:00:00+01:00', /outside the years/],
    ['DATETIME', '2024-01-05T01:02:03Z', /without an offset/],
    ['TIME', '24:00:00', /not a time/],
    ['BYTES', 'aGk', /not base64/],
    ['JSON', '{a:1}', /not JSON/],
    ['NUMERIC', '12.3456789012', /'12\.3456789012' has more than 9 digits after the point/],
    ['NUMERIC', '6.2E-12', /more than 9 digits after the point/],
    ['NUMERIC', '1e29', /more than 29 digits before the point/],
    ['NUMERIC', '1e999999999', /more than 29 digits before/],
    ['NUMERIC', 'NaN', /not a decimal number/],
    ['NUMERIC', '1,000', /not a decimal number/],
    ['NUMERIC', '', /not a decimal number/],
    ['NUMERIC', '.', /not a decimal number/],
    ['NUMERIC', '1.5e', /not a decimal number/],
    ['BIGNUMERIC', '1.1234567890123456789', /more than 18 digits after the point/],
  ])('rejects %s %j', (type, text, reason) => {
    expect(read(type, text)).toMatch(/^! /)
    expect(read(type, text)).toMatch(reason)
  })

  it('keeps NULL, and rejects it where a value is required', () => {
    expect(read('INT64', null)).toBeNull()
    expect(read('INT64', null, { mode: 'REQUIRED' })).toBe('! NULL in a REQUIRED column')
  })

  it('reads seconds and milliseconds since 1970', () => {
    expect(read('TIMESTAMP', '1754006400', { parse: 'unix' })).toBe('2025-08-01T00:00:00')
    expect(read('TIMESTAMP', '-1.5', { parse: 'unix' })).toBe('1969-12-31T23:59:58.5')
    expect(read('TIMESTAMP', '1754006400123', { parse: 'unix_ms' })).toBe('2025-08-01T00:00:00.123')
    expect(read('DATE', '1754006399', { parse: 'unix_date' })).toBe('2025-07-31')
    expect(read('DATE', '2025-08-01', { parse: 'unix_date' })).toMatch(/not a number of seconds/)
    expect(read('TIMESTAMP', '1754006400123', { parse: 'unix' })).toMatch(/outside the years/)
  })

  it('refuses by name what it cannot type', () => {
    expect(() => valueReader(column('tags', 'STRING', { mode: 'REPEATED' }))).toThrow(
      /column tags: REPEATED columns are not available yet/,
    )
    expect(() => valueReader(column('who', 'STRUCT'))).toThrow(/column who: STRUCT/)
    expect(() => valueReader(column('big', 'BIGNUMERIC', { precision: 60, scale: 20 }))).toThrow(/more than 38 digits/)
    expect(() => valueReader(column('n', 'INT64', { parse: 'unix' }))).toThrow(/gives a DATE or a TIMESTAMP/)
  })
})

describe('readDecimal', () => {
  const parts = fc.record({
    sign: fc.constantFrom('', '-', '+'),
    whole: fc.stringMatching(/^\d{0,12}$/),
    fraction: fc.stringMatching(/^\d{0,12}$/),
    exponent: fc.integer({ min: -14, max: 14 }),
  })
  const places = 26n

  /** The number times 10^26, exactly. */
  const scaled = (sign: string, whole: string, fraction: string, exponent: number): bigint => {
    const units = BigInt(whole + fraction || '0') * (sign === '-' ? -1n : 1n)
    return units * 10n ** (places + BigInt(exponent) - BigInt(fraction.length))
  }
  const valueOf = (text: string): bigint => {
    const [, sign = '', whole = '', fraction = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text) ?? []
    return scaled(sign, whole, fraction, 0)
  }

  it('agrees with the arithmetic of whole numbers: exact, rejected, or rounded half to even', () => {
    fc.assert(
      fc.property(
        parts,
        fc.integer({ min: 0, max: 9 }),
        fc.integer({ min: 1, max: 20 }),
        ({ sign, whole, fraction, exponent }, scale, digits) => {
          fc.pre(whole + fraction !== '')
          const text = `${sign}${whole}${fraction && `.${fraction}`}${exponent === 0 ? '' : `e${exponent}`}`
          const type = { precision: digits + scale, scale }
          const exact = scaled(sign, whole, fraction, exponent)
          const unit = 10n ** (places - BigInt(scale))
          const limit = 10n ** (places + BigInt(digits))
          const abs = exact < 0n ? -exact : exact
          const reading = readDecimal(text, type)
          if (abs < limit && exact % unit === 0n) expect('value' in reading && valueOf(reading.value)).toBe(exact)
          else expect('reason' in reading).toBe(true)
          let units = abs / unit
          const twice = (abs % unit) * 2n
          if (twice > unit || (twice === unit && units % 2n === 1n)) units++
          const rounded = readDecimal(text, type, true)
          if (units * unit < limit)
            expect('value' in rounded && valueOf(rounded.value)).toBe(exact < 0n ? -units * unit : units * unit)
          else expect('reason' in rounded).toBe(true)
        },
      ),
      { numRuns: 5000 },
    )
  })
})

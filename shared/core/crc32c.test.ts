import fc from 'fast-check'
import { expect, test } from 'vitest'
import { crc32c, crc32cText } from './crc32c.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

/** The definition, a bit at a time. */
const bitwise = (data: Uint8Array): number => {
  let crc = 0xffffffff
  for (const byte of data) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0)
  }
  return ~crc >>> 0
}

test('the checksums of RFC 3720 come out', () => {
  expect(crc32c(bytes('123456789'))).toBe(0xe3069283)
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa)
  expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43)
  expect(crc32c(Uint8Array.from({ length: 32 }, (_, index) => index))).toBe(0x46dd794e)
})

test('text is base64 of the big-endian bytes, as Cloud Storage shows it', () => {
  expect(crc32cText(crc32c(bytes('123456789')))).toBe('4waSgw==')
  expect(crc32cText(crc32c(new Uint8Array()))).toBe('AAAAAA==')
})

test('any bytes, cut anywhere, at any offset of their buffer, give the checksum of the definition', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(100), fc.nat(7), (data, cut, offset) => {
      const shifted = new Uint8Array(data.length + offset).subarray(offset)
      shifted.set(data)
      const expected = bitwise(data)
      expect(crc32c(shifted)).toBe(expected)
      expect(crc32c(shifted.subarray(cut), crc32c(shifted.subarray(0, cut)))).toBe(expected)
    }),
  )
})

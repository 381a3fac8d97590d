/** CRC-32C (Castagnoli) as Cloud Storage checks objects by it. Node's own `zlib.crc32` is another polynomial. */
const POLYNOMIAL = 0x82f63b78
const STRIDE = 8

/** Slicing by 8: table `k` holds, for each byte, its remainder when `k` further bytes follow. */
const makeTables = (): Int32Array => {
  const tables = new Int32Array(256 * STRIDE)
  for (let byte = 0; byte < 256; byte += 1) {
    let remainder = byte
    for (let bit = 0; bit < 8; bit += 1) remainder = (remainder >>> 1) ^ (remainder & 1 ? POLYNOMIAL : 0)
    tables[byte] = remainder
  }
  for (let index = 256; index < tables.length; index += 1) {
    const before = tables[index - 256]!
    tables[index] = (before >>> 8) ^ tables[before & 0xff]!
  }
  return tables
}

const tables = makeTables()

/** The checksum of `bytes` after those whose checksum is `previous`: an unsigned 32-bit number. */
export const crc32c = (bytes: Uint8Array, previous = 0): number => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const table = tables
  const whole = bytes.length - (bytes.length % STRIDE)
  let crc = ~previous
  let at = 0
  for (; at < whole; at += STRIDE) {
    const low = crc ^ view.getInt32(at, true)
    const high = view.getInt32(at + 4, true)
    crc =
      table[1792 + (low & 0xff)]! ^
      table[1536 + ((low >>> 8) & 0xff)]! ^
      table[1280 + ((low >>> 16) & 0xff)]! ^
      table[1024 + (low >>> 24)]! ^
      table[768 + (high & 0xff)]! ^
      table[512 + ((high >>> 8) & 0xff)]! ^
      table[256 + ((high >>> 16) & 0xff)]! ^
      table[high >>> 24]!
  }
  for (; at < bytes.length; at += 1) crc = (crc >>> 8) ^ table[(crc ^ bytes[at]!) & 0xff]!
  return ~crc >>> 0
}

/** As Cloud Storage writes it: base64 of the four bytes, big end first. */
export const crc32cText = (crc: number): string => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(crc)
  return bytes.toString('base64')
}

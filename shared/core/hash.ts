import { createHash } from 'node:crypto'

/** sha256 as lower-case hexadecimal text, cut to `length` digits. */
export const hash = (text: string, length = 64): string =>
  createHash('sha256').update(text).digest('hex').slice(0, length)

/** One hash for several parts: no part can run into the next. */
export const hashOf = (parts: readonly string[], length = 32): string => hash(JSON.stringify(parts), length)

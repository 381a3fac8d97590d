import { bad, good, shown, type Reading } from './reading.ts'

const INTEGER = /^[+-]?\d+$/
const FLOAT = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/
const NOT_FINITE: Readonly<Record<string, string>> = {
  nan: 'nan',
  '+nan': 'nan',
  '-nan': 'nan',
  inf: 'inf',
  '+inf': 'inf',
  infinity: 'inf',
  '+infinity': 'inf',
  '-inf': '-inf',
  '-infinity': '-inf',
}
const BOOLS: Readonly<Record<string, string>> = {
  true: 'true',
  false: 'false',
  t: 'true',
  f: 'false',
  yes: 'true',
  no: 'false',
  y: 'true',
  n: 'false',
  '1': 'true',
  '0': 'false',
}
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

export const readInteger = (text: string): Reading => {
  if (!INTEGER.test(text)) return bad(`${shown(text)} is not a whole number`)
  const digits = text.replace(/^[+-]?0*/, '')
  if (digits.length > 19) return bad(`${shown(text)} is outside INT64`)
  const value = BigInt(digits || '0') * (text.startsWith('-') ? -1n : 1n)
  return BigInt.asIntN(64, value) === value ? good(value.toString()) : bad(`${shown(text)} is outside INT64`)
}

/** Digits, an exponent, `NaN`, `inf`, `infinity` with a sign, in any case, as BigQuery reads them. A number beyond the range is rejected. */
export const readFloat = (text: string): Reading => {
  const special = Object.hasOwn(NOT_FINITE, text.toLowerCase()) ? NOT_FINITE[text.toLowerCase()] : undefined
  if (special !== undefined) return good(special)
  if (!FLOAT.test(text)) return bad(`${shown(text)} is not a number`)
  return Number.isFinite(Number(text)) ? good(text) : bad(`${shown(text)} is outside FLOAT64`)
}

/** The words that BigQuery takes in CSV: true false t f yes no y n 1 0, in any case. */
export const readBool = (text: string): Reading => {
  const word = text.toLowerCase()
  return Object.hasOwn(BOOLS, word)
    ? good(BOOLS[word] as string)
    : bad(`${shown(text)} is not a BOOL: true or false was expected`)
}

export const readBytes = (text: string): Reading =>
  BASE64.test(text) ? good(Buffer.from(text, 'base64').toString('base64')) : bad(`${shown(text)} is not base64`)

export const readJson = (text: string): Reading => {
  try {
    JSON.parse(text)
    return good(text)
  } catch {
    return bad(`${shown(text)} is not JSON`)
  }
}

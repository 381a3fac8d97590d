import { bad, good, shown, type Reading } from './reading.ts'

export interface DecimalType {
  readonly precision: number
  readonly scale: number
}

const DECIMAL = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,9}))?$/

/**
 * An exact decimal, scientific notation included (`6.2E-12`), as plain digits. Zeros at the end need no place. Nothing is rounded
 * unless `round` asks for it: then half to even.
 */
export const readDecimal = (text: string, type: DecimalType, round = false): Reading => {
  const match = DECIMAL.exec(text)
  const [, sign = '', whole = '', fraction = '', exponentText = '0'] = match ?? []
  if (!match || whole.length + fraction.length === 0) return bad(`${shown(text)} is not a decimal number`)
  const digits = (whole + fraction).replace(/^0+/, '')
  if (digits === '') return good('0')
  // The value is 0.digits * 10^point.
  const point = digits.length - fraction.length + Number(exponentText)
  const kept = digits.replace(/0+$/, '')
  if (point > type.precision - type.scale) return tooLarge(text, type)
  if (kept.length - point > type.scale) {
    if (!round) return bad(`${shown(text)} has more than ${plural(type.scale, 'digit')} after the point`)
    return roundHalfEven(text, sign, kept, point, type)
  }
  return good((sign === '-' ? '-' : '') + plain(kept, point))
}

const tooLarge = (text: string, type: DecimalType): Reading =>
  bad(`${shown(text)} has more than ${plural(type.precision - type.scale, 'digit')} before the point`)

const plain = (digits: string, point: number): string => {
  if (point <= 0) return `0.${'0'.repeat(-point)}${digits}`
  if (digits.length <= point) return digits + '0'.repeat(point - digits.length)
  return `${digits.slice(0, point)}.${digits.slice(point)}`
}

const roundHalfEven = (text: string, sign: string, digits: string, point: number, type: DecimalType): Reading => {
  const places = point + type.scale
  if (places < 0) return good('0')
  let units = BigInt(digits.slice(0, places) || '0')
  const rest = digits.slice(places)
  const half = rest[0] === '5' && /^50*$/.test(rest)
  if (half ? units % 2n === 1n : (rest[0] ?? '0') >= '5') units += 1n
  if (units === 0n) return good('0')
  const padded = units.toString().padStart(type.scale + 1, '0')
  if (padded.length > type.precision && units.toString().length > type.precision) return tooLarge(text, type)
  const value = type.scale === 0 ? padded : `${padded.slice(0, -type.scale)}.${padded.slice(-type.scale)}`
  return good((sign === '-' ? '-' : '') + value)
}

const plural = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`

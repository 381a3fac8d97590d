import { compareDecimals, decimalText, parseDecimal, timesInteger, type Decimal } from '../decimal.ts'
import { BadExpectation } from '../bad-expectation.ts'
import { valueText } from '../check.ts'
import type { Bounds } from './column-values.ts'

/** What a column's aggregates come to, against the bounds of an expectation. */

/** `sum / count` lies in the bounds: exact, by multiplying the bounds. */
export const exactInBounds = (sum: Decimal, count: bigint, bounds: Bounds): boolean => {
  const at = (bound: string | number) => compareDecimals(sum, timesInteger(boundDecimal(bound), count))
  const low = bounds.min_value === null || at(bounds.min_value) > (bounds.strict_min ? 0 : -1)
  const high = bounds.max_value === null || at(bounds.max_value) < (bounds.strict_max ? 0 : 1)
  return low && high
}

const TOLERANCE = 1e-9

export const floatInBounds = (value: number, bounds: Bounds): boolean => {
  const near = (bound: number) =>
    value === bound || Math.abs(value - bound) <= TOLERANCE * Math.max(Math.abs(value), Math.abs(bound))
  const inside = (bound: string | number | null, strict: boolean, beyond: (bound: number) => boolean) => {
    if (bound === null) return true
    const number = boundNumber(bound)
    return near(number) ? !strict : beyond(number)
  }
  if (Number.isNaN(value)) return false
  return (
    inside(bounds.min_value, bounds.strict_min, (bound) => value > bound) &&
    inside(bounds.max_value, bounds.strict_max, (bound) => value < bound)
  )
}

const boundDecimal = (bound: string | number): Decimal => {
  const number = parseDecimal(String(bound))
  if (!number) throw new BadExpectation(`${JSON.stringify(bound)} is not a number`)
  return number
}

const boundNumber = (bound: string | number): number =>
  typeof bound === 'number' ? bound : Number(decimalText(boundDecimal(bound)))

/** Bounds of a number, before any scan. */
export const checkNumberBounds = ({ min_value: min, max_value: max }: Bounds): void => {
  for (const bound of [min, max]) if (bound !== null) boundDecimal(bound)
}

/** A number where JavaScript holds it exactly, else its text. */
export const plainNumber = (number: Decimal): number | string => {
  const text = decimalText(number)
  const read = parseDecimal(String(Number(text)))
  return read && compareDecimals(read, number) === 0 ? Number(text) : text
}

/** An observed value as results carry it. */
export const plainValue = (value: unknown, type: string): unknown => {
  if (value === null || value === undefined) return null
  if (type === 'INT64' || type === 'NUMERIC' || type === 'BIGNUMERIC')
    return plainNumber(parseDecimal(valueText(value))!)
  return type === 'FLOAT64' ? Number(value) : value
}

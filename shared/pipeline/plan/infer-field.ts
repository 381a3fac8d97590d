import type { Field, FieldType } from '@convergence/core/table.ts'

/**
 * The narrowest type that every sampled text fits. Numbers with leading zeros are names, not numbers; decimals are NUMERIC as long as
 * their digits fit, never a float that would round them.
 */
export const inferField = (name: string, cells: readonly (string | null)[]): Field => ({
  name,
  mode: 'NULLABLE',
  type: inferType(cells),
})

const DECIMAL = /^[+-]?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d{1,3})?$/

const FITS: readonly (readonly [FieldType, (text: string) => boolean])[] = [
  ['BOOL', (text) => /^(true|false)$/i.test(text)],
  ['INT64', isInt64],
  ['NUMERIC', isNumeric],
  ['BIGNUMERIC', isBigNumeric],
  ['FLOAT64', (text) => DECIMAL.test(text)],
  ['DATE', (text) => isReal(text, /^\d{4}-\d{2}-\d{2}$/)],
  ['TIMESTAMP', (text) => isReal(text, /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(\.\d{1,6})?(Z|[+-]\d{2}:\d{2})$/)],
]

const inferType = (cells: readonly (string | null)[]): FieldType => {
  const texts = cells.filter((cell) => cell !== null)
  if (texts.length === 0) return 'STRING'
  return FITS.find(([, fits]) => texts.every(fits))?.[0] ?? 'STRING'
}

function isInt64(text: string): boolean {
  if (!/^-?(0|[1-9]\d{0,18})$/.test(text)) return false
  const value = BigInt(text)
  return value >= -(2n ** 63n) && value < 2n ** 63n
}

function isNumeric(text: string): boolean {
  const digits = digitsOf(text)
  return digits !== undefined && digits.whole <= 29 && digits.fraction <= 9
}

/** What the engines hold: 38 digits, 18 of them after the point. */
function isBigNumeric(text: string): boolean {
  const digits = digitsOf(text)
  return digits !== undefined && digits.whole <= 20 && digits.fraction <= 18
}

/** Digits before and after the point of an exact decimal, scientific notation worked out. */
const digitsOf = (text: string): { whole: number; fraction: number } | undefined => {
  if (!DECIMAL.test(text)) return undefined
  const [mantissa = '', exponent = '0'] = text.replace(/^[+-]/, '').toLowerCase().split('e')
  const [whole = '', fraction = ''] = mantissa.split('.')
  const shift = Number(exponent)
  const significant = fraction.replace(/0+$/, '')
  return {
    whole: Math.max(1, (whole === '0' ? 0 : whole.length) + shift),
    fraction: Math.max(0, significant.length - shift),
  }
}

/** Strict: 30 February is a text. */
const isReal = (text: string, form: RegExp): boolean => {
  if (!form.test(text)) return false
  const day = text.slice(0, 10)
  const at = Date.parse(`${day}T00:00:00Z`)
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(day)
}

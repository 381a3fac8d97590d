/** Exact decimal numbers, for bounds and sums that must not pass through a float: `digits` times ten to the minus `scale`. */
export interface Decimal {
  readonly digits: bigint
  readonly scale: number
}

const DECIMAL = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?$/

/** Undefined where the text is not a finite decimal number. */
export const parseDecimal = (text: string): Decimal | undefined => {
  const [, sign, whole = '', fraction = '', exponent = '0'] = DECIMAL.exec(text.trim()) ?? []
  if (sign === undefined || whole + fraction === '') return undefined
  const digits = BigInt(`${whole}${fraction}`) * (sign === '-' ? -1n : 1n)
  const scale = fraction.length - Number(exponent)
  return scale >= 0 ? { digits, scale } : { digits: digits * 10n ** BigInt(-scale), scale: 0 }
}

/** Digits at that scale, rounded down or up, and whether nothing was lost. */
export const atScale = (number: Decimal, scale: number): { floor: bigint; ceil: bigint; exact: boolean } => {
  if (number.scale <= scale) {
    const digits = number.digits * 10n ** BigInt(scale - number.scale)
    return { floor: digits, ceil: digits, exact: true }
  }
  const unit = 10n ** BigInt(number.scale - scale)
  const rest = ((number.digits % unit) + unit) % unit
  const floor = (number.digits - rest) / unit
  return { floor, ceil: rest === 0n ? floor : floor + 1n, exact: rest === 0n }
}

export const compareDecimals = (left: Decimal, right: Decimal): number => {
  const scale = Math.max(left.scale, right.scale)
  const difference = atScale(left, scale).floor - atScale(right, scale).floor
  return difference < 0n ? -1 : difference > 0n ? 1 : 0
}

export const timesInteger = (number: Decimal, factor: bigint): Decimal => ({
  digits: number.digits * factor,
  scale: number.scale,
})

export const decimalText = ({ digits, scale }: Decimal): string => {
  const sign = digits < 0n ? '-' : ''
  const text = (digits < 0n ? -digits : digits).toString().padStart(scale + 1, '0')
  const whole = text.slice(0, text.length - scale)
  const fraction = text.slice(text.length - scale).replace(/0+$/, '')
  return sign + whole + (fraction === '' ? '' : `.${fraction}`)
}

/** The quotient with 20 digits after the point, cut off. For a person to read; comparisons multiply instead. */
export const quotient = (number: Decimal, divisor: bigint): Decimal => ({
  digits: (number.digits * 10n ** 20n) / divisor,
  scale: number.scale + 20,
})

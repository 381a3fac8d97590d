import { bad, good, shown, type Reading } from './reading.ts'

const DATE = /^(\d{4})-(\d\d)-(\d\d)$/
const TIME = /^(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?$/
const INSTANT = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d(?:\.\d+)?)(?: ?([Zz]|UTC|[+-]\d\d(?::?\d\d)?))?$/

/** A calendar day, `YYYY-MM-DD`, years 1 to 9999 as in BigQuery. */
export const readDate = (text: string): Reading =>
  isDate(text) ? good(text) : bad(`${shown(text)} is not a date: YYYY-MM-DD, on the calendar, was expected`)

const isDate = (text: string): boolean => {
  const [, year = '0', month = '0', day = '0'] = DATE.exec(text) ?? []
  return (
    Number(year) > 0 &&
    Number(month) >= 1 &&
    Number(month) <= 12 &&
    Number(day) >= 1 &&
    Number(day) <= daysOf(Number(year), Number(month))
  )
}

const daysOf = (year: number, month: number): number => {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}

/** `HH:MM:SS` and up to six digits of a second, the rest of which must be zeros. */
const timeOf = (text: string): string | undefined => {
  const [, hour, minute, second, fraction = ''] = TIME.exec(text) ?? []
  if (hour === undefined || hour > '23' || (minute as string) > '59' || (second as string) > '59') return undefined
  if (/[1-9]/.test(fraction.slice(6))) return undefined
  const digits = fraction.slice(0, 6).replace(/0+$/, '')
  return `${hour}:${minute}:${second}${digits && `.${digits}`}`
}

export const readTime = (text: string): Reading => {
  const time = timeOf(text)
  return time === undefined
    ? bad(`${shown(text)} is not a time: HH:MM:SS, with at most 6 digits of a second, was expected`)
    : good(time)
}

/** Date and time of a clock on a wall: no offset. */
export const readDatetime = (text: string): Reading => {
  const [, date = '', clock = '', offset] = INSTANT.exec(text) ?? []
  if (isDate(text)) return good(`${text}T00:00:00`)
  const time = timeOf(clock)
  return !isDate(date) || time === undefined || offset !== undefined
    ? bad(`${shown(text)} is not a datetime: YYYY-MM-DDTHH:MM:SS, without an offset, was expected`)
    : good(`${date}T${time}`)
}

/** An instant: ISO 8601 with `Z` or an offset; without one it is UTC, as BigQuery takes it. A date alone is its first instant. */
export const readTimestamp = (text: string): Reading => {
  const [, date = '', clock = '', offset = 'Z'] = INSTANT.exec(text) ?? []
  if (isDate(text)) return good(`${text}T00:00:00`)
  const time = timeOf(clock)
  const minutes = offsetMinutes(offset)
  if (!isDate(date) || time === undefined || minutes === undefined)
    return bad(`${shown(text)} is not a timestamp: YYYY-MM-DDTHH:MM:SS with Z or an offset was expected`)
  if (minutes === 0) return good(`${date}T${time}`)
  const at = new Date(Date.parse(`${date}T${time.slice(0, 8)}Z`) - minutes * 60_000)
  const year = at.getUTCFullYear()
  if (year < 1 || year > 9999) return bad(`${shown(text)} is outside the years 1 to 9999`)
  return good(at.toISOString().slice(0, 19) + time.slice(8))
}

const offsetMinutes = (offset: string): number | undefined => {
  if (/^(?:[Zz]|UTC)$/.test(offset)) return 0
  const [, sign, hours = '', minutes = '00'] = /^([+-])(\d\d):?(\d\d)?$/.exec(offset) ?? []
  if (sign === undefined || hours > '14' || minutes > '59') return undefined
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes))
}

/** Seconds (or milliseconds) since 1970 in UTC, with up to six digits of a second, as an instant without offset. */
export const readUnix = (text: string, unit: 'seconds' | 'milliseconds'): Reading => {
  const [, sign, whole = '', fraction = ''] = /^([+-]?)(\d{1,17})(?:\.(\d*))?$/.exec(text) ?? []
  const shift = unit === 'seconds' ? 6 : 3
  if (whole === '' || /[1-9]/.test(fraction.slice(shift)))
    return bad(`${shown(text)} is not a number of ${unit} since 1970`)
  const micros = BigInt(whole + fraction.slice(0, shift).padEnd(shift, '0')) * (sign === '-' ? -1n : 1n)
  const seconds = floorDivide(micros, 1_000_000n)
  const at = new Date(Number(seconds) * 1000)
  const year = at.getUTCFullYear()
  if (!(year >= 1 && year <= 9999)) return bad(`${shown(text)} ${unit} since 1970 is outside the years 1 to 9999`)
  const rest = (micros - seconds * 1_000_000n).toString().padStart(6, '0').replace(/0+$/, '')
  return good(at.toISOString().slice(0, 19) + (rest && `.${rest}`))
}

const floorDivide = (a: bigint, b: bigint): bigint => (a < 0n && a % b !== 0n ? a / b - 1n : a / b)

export const dayOf = (instant: Reading): Reading => ('value' in instant ? good(instant.value.slice(0, 10)) : instant)

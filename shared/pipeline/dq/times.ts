const SHAPE =
  /^(?:(\d{4})-(\d{2})-(\d{2}))?(?:(?:^|[T ])(\d{2}):(\d{2})(?::(\d{2})(\.\d{1,6})?)?)?(Z|[+-]\d{2}(?::?\d{2})?)?$/

/**
 * A date or time as the engines read it, or undefined where the text is none of that kind. A day is its midnight; a timestamp without
 * a zone is UTC.
 */
export const normalTime = (text: string, kind: 'date' | 'datetime' | 'time' | 'timestamp'): string | undefined => {
  const [, year, month, day, hour, minute, second = '00', fraction = '', zone] = SHAPE.exec(text.trim()) ?? []
  if (kind === 'time') {
    return year === undefined && zone === undefined && isTime(hour, minute, second)
      ? `${hour}:${minute}:${second}${fraction}`
      : undefined
  }
  if (!isDay(year, month, day) || (hour !== undefined && !isTime(hour, minute, second))) return undefined
  const date = `${year}-${month}-${day}`
  const midnight = `${hour ?? '00'}${minute ?? '00'}${second}${fraction}`.replace(/[0.]/g, '') === ''
  if (kind === 'date') return midnight && zone === undefined ? date : undefined
  const time = `${date}T${hour ?? '00'}:${minute ?? '00'}:${second}${fraction}`
  if (kind === 'datetime') return zone === undefined ? time : undefined
  return time + normalZone(zone)
}

const normalZone = (zone: string | undefined): string => {
  if (zone === undefined || zone === 'Z') return '+00:00'
  const digits = zone.slice(1).replace(':', '').padEnd(4, '0')
  return `${zone[0]}${digits.slice(0, 2)}:${digits.slice(2)}`
}

const isTime = (hour: string | undefined, minute: string | undefined, second: string): boolean =>
  hour !== undefined && Number(hour) < 24 && Number(minute) < 60 && Number(second) < 60

const isDay = (year: string | undefined, month: string | undefined, day: string | undefined): boolean => {
  if (year === undefined || Number(year) === 0) return false
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)))
  date.setUTCFullYear(Number(year))
  return date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day)
}

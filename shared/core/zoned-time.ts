/** Calendar days of a time zone. Days are `YYYY-MM-DD`, instants milliseconds since the epoch. */
const DAY_MS = 86_400_000

const DATE_PATTERN = /^\d{4}-\d{2}-\d{2}$/

/** A day that the calendar has: not the 30th of February. */
export const isDate = (text: string): boolean => {
  if (!DATE_PATTERN.test(text)) return false
  const ms = Date.parse(`${text}T00:00:00Z`)
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text)
}

const formats = new Map<string, Intl.DateTimeFormat>()

const formatOf = (timeZone: string): Intl.DateTimeFormat => {
  const known = formats.get(timeZone)
  if (known) return known
  const made = new Intl.DateTimeFormat('en-US', {
    timeZone,
    calendar: 'gregory',
    hourCycle: 'h23',
    era: 'short',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  })
  formats.set(timeZone, made)
  return made
}

/** The wall clock of a zone at an instant, as if it were UTC: milliseconds. */
const wallClockMs = (ms: number, timeZone: string): number => {
  if (timeZone === 'UTC') return ms
  const part = Object.fromEntries(
    formatOf(timeZone)
      .formatToParts(ms)
      .map(({ type, value }) => [type, value]),
  )
  const year = Number(part['year']) * (part['era'] === 'BC' ? -1 : 1)
  const fraction = ((ms % 1_000) + 1_000) % 1_000
  return (
    Date.UTC(
      year,
      Number(part['month']) - 1,
      Number(part['day']),
      Number(part['hour']),
      Number(part['minute']),
      Number(part['second']),
    ) + fraction
  )
}

/** `2026-01-31T23:59:59.000` on the wall clock of the zone, without a zone. */
export const zonedText = (ms: number, timeZone: string): string =>
  new Date(wallClockMs(ms, timeZone)).toISOString().slice(0, -1)

export const zonedDate = (ms: number, timeZone: string): string => zonedText(ms, timeZone).slice(0, 10)

/** The instant of a wall clock's text. Skipped times move forward, repeated ones are the first. */
export const zonedInstantMs = (text: string, timeZone: string): number => {
  const wall = Date.parse(`${text}Z`)
  // The offset just before and just after are tried; the earlier instant that shows this wall clock wins.
  const candidates = [wall - DAY_MS, wall + DAY_MS].map((near) => wall - (wallClockMs(near, timeZone) - near))
  const exact = candidates.filter((ms) => wallClockMs(ms, timeZone) === wall)
  return exact.length > 0 ? Math.min(...exact) : Math.max(...candidates)
}

/** First instant of a day: not always midnight. */
export const startOfDayMs = (date: string, timeZone: string): number => zonedInstantMs(`${date}T00:00:00`, timeZone)

export const addDays = (date: string, days: number): string =>
  new Date(Date.parse(`${date}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10)

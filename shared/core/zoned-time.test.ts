import { describe, expect, it } from 'vitest'
import { addDays, isDate, startOfDayMs, zonedDate, zonedInstantMs, zonedText } from './zoned-time.ts'

const iso = (ms: number): string => new Date(ms).toISOString()

describe('days of a time zone', () => {
  it.each([
    ['2026-01-31', 'UTC', '2026-01-31T00:00:00.000Z'],
    ['2026-01-31', 'Europe/Berlin', '2026-01-30T23:00:00.000Z'],
    ['2026-07-31', 'Europe/Berlin', '2026-07-30T22:00:00.000Z'],
    ['2026-01-31', 'Asia/Kathmandu', '2026-01-30T18:15:00.000Z'],
    ['2026-01-31', 'America/New_York', '2026-01-31T05:00:00.000Z'],
    // Midnight was skipped: the day began at one o'clock.
    ['2018-11-04', 'America/Sao_Paulo', '2018-11-04T03:00:00.000Z'],
  ])('%s begins in %s at %s', (date, zone, instant) => {
    expect(iso(startOfDayMs(date, zone))).toBe(instant)
    expect(zonedDate(Date.parse(instant), zone)).toBe(date)
    expect(zonedDate(Date.parse(instant) - 1, zone)).toBe(addDays(date, -1))
  })

  it('takes the first of a repeated hour, and moves a skipped one forward', () => {
    expect(iso(zonedInstantMs('2026-10-25T02:30:00', 'Europe/Berlin'))).toBe('2026-10-25T00:30:00.000Z')
    expect(iso(zonedInstantMs('2026-03-29T02:30:00', 'Europe/Berlin'))).toBe('2026-03-29T01:30:00.000Z')
  })

  it('shows the wall clock', () => {
    expect(zonedText(Date.parse('2026-01-31T23:30:00.125Z'), 'Europe/Berlin')).toBe('2026-02-01T00:30:00.125')
  })

  it('knows the calendar', () => {
    expect(
      ['2024-02-29', '2026-02-29', '2026-02-30', '2026-13-01', '2026-1-1', '2026-01-31T00:00'].map(isDate),
    ).toEqual([true, false, false, false, false, false])
    expect(addDays('2024-02-28', 2)).toBe('2024-03-01')
    expect(addDays('2026-01-01', -1)).toBe('2025-12-31')
  })
})

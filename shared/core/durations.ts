const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

export const DURATION_PATTERN = /^(\d{1,9})(ms|s|m|h|d)$/

/** Milliseconds of `500ms 30s 10m 2h 7d`; undefined when the text is none of these. A day has 24 hours. */
export const parseDuration = (text: string): number | undefined => {
  const match = DURATION_PATTERN.exec(text)
  return match ? Number(match[1]) * UNITS[match[2] as keyof typeof UNITS] : undefined
}

/** The shortest text that `parseDuration` reads back: `90000` is `90s`, `7200000` is `2h`. */
export const formatDuration = (ms: number): string => {
  const unit = (['d', 'h', 'm', 's'] as const).find((name) => ms >= UNITS[name] && ms % UNITS[name] === 0) ?? 'ms'
  return `${Math.round(ms / UNITS[unit])}${unit}`
}

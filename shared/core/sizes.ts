const UNITS = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
} as const

export const SIZE_PATTERN = /^(\d{1,9})(B|KB|MB|GB|TB|KiB|MiB|GiB|TiB)$/

/** Bytes of `64MB` (decimal) or `64MiB` (binary); undefined when the text is none of these. */
export const parseSize = (text: string): number | undefined => {
  const match = SIZE_PATTERN.exec(text)
  return match ? Number(match[1]) * UNITS[match[2] as keyof typeof UNITS] : undefined
}

/** The largest decimal unit that divides the bytes: `64000000` is `64MB`. */
export const formatSize = (bytes: number): string => {
  const unit =
    (['TB', 'GB', 'MB', 'KB'] as const).find((name) => bytes >= UNITS[name] && bytes % UNITS[name] === 0) ?? 'B'
  return `${Math.round(bytes / UNITS[unit])}${unit}`
}

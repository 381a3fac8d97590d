/** Numbers as people read them. */
export const formatCount = (count: number): string => count.toLocaleString('en-US')

/** `850 ms`, `12.4 s`, `3 min 20 s`, `2 h 5 min` */
export const formatDuration = (ms: number): string => {
  if (ms < 1_000) return `${Math.round(ms)} ms`
  if (ms < 59_950) return `${(ms / 1_000).toFixed(1)} s`
  const seconds = Math.round(ms / 1_000)
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
  const minutes = Math.round(seconds / 60)
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

const MEBI = 1_024 * 1_024

/** Memory. */
export const formatMebibytes = (bytes: number): string => `${formatCount(Math.round(bytes / MEBI))} MiB`

/** `40 kB`, `3.2 MB`, `1.1 GB` */
export const formatBytes = (bytes: number): string => {
  if (bytes < 1_000) return `${bytes} B`
  if (bytes < 1_000_000) return `${Math.round(bytes / 1_000)} kB`
  return bytes < 1_000_000_000 ? `${(bytes / 1_000_000).toFixed(1)} MB` : `${(bytes / 1_000_000_000).toFixed(1)} GB`
}

/** `1 row`, `3 rows` */
export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${formatCount(count)} ${count === 1 ? one : many}`

type Headers = Readonly<Record<string, string>>

/** How long a refused request should wait, milliseconds, as the server says it; undefined: it does not say. */
export const retryAfterMs = (status: number, headers: Headers, nowMs: number): number | undefined => {
  const text = headers['retry-after']?.trim()
  // Many servers tell the reset of their limit with every answer: it matters only when the limit was the reason.
  if (text === undefined) return status === 429 || remaining(headers) === 0 ? resetMs(headers, nowMs) : undefined
  if (/^\d+(\.\d+)?$/.test(text)) return Math.ceil(Number(text) * 1000)
  const at = Date.parse(text)
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs)
}

/** Some servers answer 403 when a limit is reached, and say so in their headers. */
export const isLimited = (status: number, headers: Headers): boolean =>
  status === 403 && (headers['retry-after'] !== undefined || remaining(headers) === 0)

/** How long the next request should wait after an answer that was good: nothing is left until the limit's reset. */
export const exhaustedMs = (headers: Headers, nowMs: number): number | undefined =>
  remaining(headers) === 0 ? resetMs(headers, nowMs) : undefined

const remaining = (headers: Headers): number | undefined =>
  numberOf(
    headers['ratelimit-remaining'] ??
      headers['x-ratelimit-remaining'] ??
      parameter(headers['ratelimit'], 'r') ??
      parameter(headers['ratelimit'], 'remaining'),
  )

const resetMs = (headers: Headers, nowMs: number): number | undefined => {
  const seconds = numberOf(
    headers['ratelimit-reset'] ??
      headers['x-ratelimit-reset'] ??
      parameter(headers['ratelimit'], 't') ??
      parameter(headers['ratelimit'], 'reset'),
  )
  if (seconds === undefined) return undefined
  // Some servers count seconds from now, others give an instant, in seconds or in milliseconds.
  if (seconds > 1e11) return Math.max(0, seconds - nowMs)
  if (seconds > 1e9) return Math.max(0, seconds * 1000 - nowMs)
  return Math.ceil(seconds * 1000)
}

/** Of `"default";r=0;t=30` and `limit=100, remaining=0, reset=30`. */
const parameter = (header: string | undefined, name: string): string | undefined =>
  new RegExp(`(?:^|[;,\\s])${name}=(\\d+)`).exec(header ?? '')?.[1]

const numberOf = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d+(\.\d+)?$/.test(text.trim()) ? Number(text) : undefined

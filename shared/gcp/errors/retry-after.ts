/** Milliseconds of a Retry-After header in seconds; undefined without one. Google's services send no dates there. */
export const retryAfterMs = (headers: unknown): number | undefined => {
  if (typeof headers !== 'object' || headers === null) return undefined
  const text: unknown = headers instanceof Headers ? headers.get('retry-after') : Reflect.get(headers, 'retry-after')
  return typeof text === 'string' && /^\d{1,6}$/.test(text) ? Number(text) * 1_000 : undefined
}

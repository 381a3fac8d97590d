import type { Random } from '@convergence/core/ports/random.ts'

/** W3C trace context (https://www.w3.org/TR/trace-context/): version, trace id, span id, flags. Messages and logs carry the trace id alone. */
const FORM = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?$/

/** The trace id that a `traceparent` header says, 32 hexadecimal digits; a new one when there is none, or none that is valid. */
export const traceIdOf = (header: string | undefined, random: Random): string =>
  FORM.exec(header?.trim() ?? '')?.[1] ?? random.hex(16)

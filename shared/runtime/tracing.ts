import type { Random } from '@convergence/core/ports/random.ts'

/** W3C trace context (https://www.w3.org/TR/trace-context/). Messages and logs carry the trace id alone; HTTP carries the header. */
interface TraceParent {
  /** 32 hexadecimal digits. */
  readonly traceId: string
  /** 16 hexadecimal digits: the caller's span. */
  readonly spanId: string
  readonly sampled: boolean
}

const FORM = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/

const newTraceId = (random: Random): string => random.hex(16)

/** What a `traceparent` header says; undefined when there is none, or none that is valid. */
export const parseTraceparent = (header: string | undefined): TraceParent | undefined => {
  const [, traceId, spanId, flags] = FORM.exec(header?.trim() ?? '') ?? []
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 }
}

const formatTraceparent = ({ traceId, spanId, sampled }: TraceParent): string =>
  `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`

/** The header of a call within a trace, under a new span. */
export const traceparentOf = (traceId: string, random: Random): string =>
  formatTraceparent({ traceId, spanId: random.hex(8), sampled: true })

/** The caller's trace id, or a new one. */
export const traceIdOf = (header: string | undefined, random: Random): string =>
  parseTraceparent(header)?.traceId ?? newTraceId(random)

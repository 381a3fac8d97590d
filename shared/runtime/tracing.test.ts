import { expect, it } from 'vitest'
import { parseTraceparent, traceIdOf, traceparentOf } from './tracing.ts'

const random = { hex: (length: number) => 'ab'.repeat(length) }
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'

it('a header is read', () => {
  expect(parseTraceparent(`00-${TRACE}-00f067aa0ba902b7-01`)).toEqual({
    traceId: TRACE,
    spanId: '00f067aa0ba902b7',
    sampled: true,
  })
  expect(parseTraceparent(`01-${TRACE}-00f067aa0ba902b7-00-more`)?.sampled).toBe(false)
})

it.each([
  undefined,
  '',
  'x',
  `ff-${TRACE}-00f067aa0ba902b7-01`,
  `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
  `00-${TRACE}-${'0'.repeat(16)}-01`,
  `00-${TRACE.toUpperCase()}-00f067aa0ba902b7-01`,
])('%s is no header, and gives a new trace', (header) => {
  expect(parseTraceparent(header)).toBeUndefined()
  expect(traceIdOf(header, random)).toBe('ab'.repeat(16))
})

it('a call within a trace has its id and a span of its own', () => {
  expect(traceparentOf(TRACE, random)).toBe(`00-${TRACE}-${'ab'.repeat(8)}-01`)
  expect(traceIdOf(traceparentOf(TRACE, random), random)).toBe(TRACE)
})

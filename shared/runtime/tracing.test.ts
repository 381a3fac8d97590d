import { expect, it } from 'vitest'
import { traceIdOf } from './tracing.ts'

const random = { hex: (length: number) => 'ab'.repeat(length) }
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'

it.each([`00-${TRACE}-00f067aa0ba902b7-01`, `01-${TRACE}-00f067aa0ba902b7-00-more`])('%s is taken over', (header) => {
  expect(traceIdOf(header, random)).toBe(TRACE)
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
  expect(traceIdOf(header, random)).toBe('ab'.repeat(16))
})

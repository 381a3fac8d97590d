import { expect, test } from 'vitest'
import { atMs, look, progress, step } from '../testing/look.ts'
import { renderProgress } from './progress.ts'
import { progressLines } from './progress-lines.ts'
import { createStyle } from './style.ts'

const style = createStyle(false)
const running = look(
  [step('usage', { status: 'RUNNING' }), step('cost', { status: 'PENDING', type: 'transform' })],
  { status: 'RUNNING' },
  [progress('usage', 25, 100, { done: 50_000_000, total: 200_000_000 })],
)

test('a running step shows chunks, rows, speed and the time left', () => {
  expect(renderProgress({ look: running, nowMs: atMs(10), width: 120, style }).split('\n')).toEqual([
    'costs-1  running  10.0 s',
    '▸ usage  reading  25/100 chunks  2,500 rows  5.0 MB/s  about 30.0 s left',
    '· cost   waits',
  ])
})

test('without sizes the time left comes from the chunks, and no speed is made up', () => {
  const noSizes = { ...running, progress: [progress('usage', 50, 100)] }
  expect(renderProgress({ look: noSizes, nowMs: atMs(10), width: 120, style })).toContain(
    '5,000 rows  about 10.0 s left\n',
  )
})

test('nothing is foretold in the first second, or before anything is done', () => {
  expect(renderProgress({ look: running, nowMs: atMs(0.5), width: 120, style })).not.toContain('left')
  const begun = { ...running, progress: [progress('usage', 0, 100, { done: 0, total: 10 })] }
  expect(renderProgress({ look: begun, nowMs: atMs(5), width: 120, style })).not.toContain('left')
})

test('no line is wider than a narrow terminal', () => {
  const lines = renderProgress({ look: running, nowMs: atMs(10), width: 40, style }).split('\n')
  expect(lines.every((line) => line.length < 40)).toBe(true)
})

test('piped, a line is told when a status changes, and not again', () => {
  const lines = progressLines()
  expect(lines(running, atMs(2))).toEqual([
    'run costs-1: running',
    'step usage: reading, 25/100 chunks, 2,500 rows, 25.0 MB/s, about 6.0 s left',
  ])
  expect(lines(running, atMs(3))).toEqual([])
  expect(lines(look([step('usage')]), atMs(4))).toEqual(['run costs-1: succeeded', 'step usage: done, 1,000 rows'])
})

test('piped, a long step is heard of every ten seconds', () => {
  const lines = progressLines()
  lines(running, atMs(2))
  const later = { ...running, progress: [progress('usage', 30, 100)] }
  expect(lines(later, atMs(11))).toEqual([])
  expect(lines(later, atMs(12))).toEqual(['step usage: reading, 30/100 chunks, 3,000 rows, about 28.0 s left'])
})

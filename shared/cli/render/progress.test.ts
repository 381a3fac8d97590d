import { expect, test } from 'vitest'
import { atMs, look, progress, step } from '../testing/look.ts'
import { noteBaselines } from './baselines.ts'
import { renderProgress } from './progress.ts'
import { progressLines } from './progress-lines.ts'
import { createStyle } from './style.ts'

const style = createStyle(false)
const running = look(
  [step('usage', { status: 'RUNNING' }), step('cost', { status: 'PENDING', type: 'transform' })],
  { status: 'RUNNING' },
  [progress('usage', 25, 100, { done: 50_000_000, total: 200_000_000 })],
)

const begun = { ...running, progress: [progress('usage', 0, 100, { done: 0, total: 200_000_000 })] }
const baselines = noteBaselines(new Map(), begun, atMs(0))

const at = (seconds: number, look = running, width = 120): string =>
  renderProgress({ look, nowMs: atMs(seconds), baselines, width, style })

test('a running step shows chunks, rows, speed and the time left', () => {
  expect(at(10).split('\n')).toEqual([
    'costs-1  running  10.0 s',
    '▸ usage  reading  25/100 chunks  2,500 rows  5.0 MB/s  about 30.0 s left',
    '· cost   waits',
  ])
})

test('without sizes the time left comes from the chunks, and no speed is made up', () => {
  expect(at(10, { ...running, progress: [progress('usage', 50, 100)] })).toContain('5,000 rows  about 10.0 s left\n')
})

test('nothing is foretold in the first second, or before anything is done', () => {
  expect(at(0.5)).not.toContain('left')
  expect(at(5, begun)).not.toContain('left')
})

test('after a crash the pace is that of this start, not of the time in between', () => {
  const resumed = noteBaselines(new Map(), running, atMs(3_600))
  const later = { ...running, progress: [progress('usage', 50, 100, { done: 100_000_000, total: 200_000_000 })] }
  const text = renderProgress({ look: later, nowMs: atMs(3_605), baselines: resumed, width: 120, style })
  expect(text).toContain('10.0 MB/s  about 10.0 s left')
})

test('no line is wider than a narrow terminal', () => {
  expect(
    at(10, running, 40)
      .split('\n')
      .every((line) => line.length < 40),
  ).toBe(true)
})

const waiting = {
  ...running,
  waits: [
    { stepId: 'usage', reason: 'GET https://api.example.com/x answered 503', until: new Date(atMs(32)).toISOString() },
  ],
}

test('a step that stands still says why, and when it goes on', () => {
  expect(at(2, waiting).split('\n')[2]).toBe('  tries again in 30.0 s: GET https://api.example.com/x answered 503')
  expect(at(2, waiting, 40).split('\n')[2]).toHaveLength(39)
})

test('piped, each wait is told once', () => {
  const lines = progressLines()
  expect(lines(waiting, atMs(2)).at(-1)).toBe(
    'step usage: tries again in 30.0 s: GET https://api.example.com/x answered 503',
  )
  expect(lines(waiting, atMs(3))).toEqual([])
})

test('why nothing at all goes on is told once, as long as it is so', () => {
  const stuck = { ...running, trouble: 'the disk is full; free some space' }
  expect(at(2, stuck)).toMatch(/\nNothing goes on: the disk is full; free some space$/)
  const lines = progressLines()
  expect(lines(stuck, atMs(2)).at(-1)).toBe('Nothing goes on: the disk is full; free some space')
  expect(lines(stuck, atMs(3))).toEqual([])
})

test('piped, a line is told when a status changes, and not again', () => {
  const lines = progressLines()
  expect(lines(running, atMs(2))).toEqual(['run costs-1: running', 'step usage: reading, 25/100 chunks, 2,500 rows'])
  expect(lines(running, atMs(3))).toEqual([])
  expect(lines(look([step('usage')]), atMs(4))).toEqual(['run costs-1: succeeded', 'step usage: done, 1,000 rows'])
})

test('piped, a long step is heard of every ten seconds', () => {
  const lines = progressLines()
  lines(running, atMs(2))
  const later = { ...running, progress: [progress('usage', 50, 100, { done: 100_000_000, total: 200_000_000 })] }
  expect(lines(later, atMs(11))).toEqual([])
  expect(lines(later, atMs(12))).toEqual([
    'step usage: reading, 50/100 chunks, 5,000 rows, 5.0 MB/s, about 20.0 s left',
  ])
})

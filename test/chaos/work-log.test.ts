import { appendFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { WorkLog } from './work-log.ts'

/** What counts repeated work must be able to see it. */
let root: string
let log: WorkLog
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'convergence-work-log-'))
  mkdirSync(join(root, '.convergence/logs'), { recursive: true })
  log = new WorkLog(root)
})
afterEach(() => rmSync(root, { recursive: true }))

const say = (message: string, fields: object): void =>
  appendFileSync(
    join(root, '.convergence/logs/convergence.log'),
    `${JSON.stringify({ severity: 'DEBUG', message, run: 'r', step: 's', ...fields })}\n`,
  )

it('work that was begun and not done is repeated, once, and on the account of the process that was killed', () => {
  say('chunk begun', { chunk: 0, link: 0 })
  say('chunk begun', { chunk: 1, link: 0 })
  say('chunk done', { chunk: 0 })
  expect(log.read()).toMatchObject({ process: 1, begun: 2, repeated: [] })
  expect(log.read()).toMatchObject({ process: 2, begun: 0 })
  say('chunk begun', { chunk: 1, link: 0 })
  expect(log.read()).toMatchObject({ process: 3, repeated: [{ key: 'r s chunk 1.0', of: 1 }], violations: [] })
})

it('work that failed before the kill was to be tried again anyway', () => {
  say('chunk begun', { chunk: 0, link: 0 })
  say('chunk failed', { chunk: 0, link: 0 })
  log.read()
  say('chunk begun', { chunk: 0, link: 0 })
  expect(log.read()).toMatchObject({ begun: 1, repeated: [] })
})

it('a chunk that was done is never begun again, and a run ends once', () => {
  say('chunk done', { chunk: 0 })
  say('run changed', { to: 'SUCCEEDED' })
  log.read()
  say('chunk begun', { chunk: 0, link: 0 })
  say('run changed', { to: 'FAILED' })
  expect(log.read().violations).toEqual([
    'r s chunk 0 was done, and was begun again',
    'run r ended twice: SUCCEEDED, then FAILED',
  ])
})

it('a last line that a kill has cut hides only itself', () => {
  appendFileSync(join(root, '.convergence/logs/convergence.log'), '{"severity":"DEBUG","mess')
  say('chunk begun', { chunk: 0, link: 0 })
  expect(log.read()).toMatchObject({ begun: 1 })
})

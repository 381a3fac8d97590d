import { expect, test } from 'vitest'
import { look, progress, step } from '../testing/look.ts'
import { renderRunSummary } from './run-summary.ts'
import { createStyle } from './style.ts'

const options = { style: createStyle(false), width: 200, command: (command: string) => `npx convergence ${command}` }

test('a green run shows its steps, the tables written and its warnings', () => {
  const warning = { code: 'ROWS_REJECTED', message: '10 of 1,000 rows were rejected' }
  const green = look([step('usage', { tables: ['raw.usage'], warnings: [warning] })], {}, [
    { ...progress('usage', 4, 4), peakBytes: 200 * 1_048_576 },
  ])
  expect(renderRunSummary(green, options)).toBe(`Run costs-1 SUCCEEDED in 3.2 s

step   chunks  fetched  accepted  rejected  loaded   time  rows/s  peak memory
─────  ──────  ───────  ────────  ────────  ──────  ─────  ──────  ───────────
usage     4/4    1,000       990        10     990  2.0 s     500      200 MiB

Tables written, of tenant acme: raw.usage

Warning: step usage: 10 of 1,000 rows were rejected
The rejected rows, with position and reason: npx convergence query acme "SELECT origin, position, column, value, reason FROM quarantine.rejected_rows WHERE _run_id = 'costs-1'"
`)
})

test('a narrow terminal gets a block for each step', () => {
  const text = renderRunSummary(look([step('usage')]), { ...options, width: 40 })
  expect(text).toContain('step      usage\n')
  expect(text.split('\n').every((line) => line.length <= 40)).toBe(true)
})

test('a failed run says why, that nothing was written, and what to do', () => {
  const error = { code: 'UNAUTHENTICATED', message: 'the API answered 401' }
  const failed = look(
    [
      step('usage', {
        status: 'FAILED',
        error,
        rows: { fetched: 0, accepted: 0, rejected: 0, filtered: 0, loaded: 0 },
      }),
      step('cost', { status: 'SKIPPED' }),
    ],
    { status: 'FAILED', error: { code: 'UNAUTHENTICATED', message: 'step usage: the API answered 401' } },
  )
  const text = renderRunSummary(failed, options)
  expect(text).toContain('No table was written.')
  expect(text.match(/the API answered 401/g)).toHaveLength(1)
  expect(text).toContain('Check the secret that the source uses')
})

test('a failure by rejected rows shows how to see them', () => {
  const error = { code: 'DATA_REJECTED', message: '10 of 1000 rows were rejected' }
  const text = renderRunSummary(
    look([step('usage', { status: 'FAILED', error })], { status: 'FAILED', error: null }),
    options,
  )
  expect(text).toContain(`FROM quarantine.rejected_rows WHERE _run_id = 'costs-1'"`)
})

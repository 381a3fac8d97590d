import { expect, test } from 'vitest'
import { NotFoundError, UnavailableError } from '@convergence/core/errors.ts'
import { withAttempts } from './attempts.ts'

const longestDraw = { hex: (length: number) => 'ff'.repeat(length) }

/** Fails with these in turn, then gives `done`; answers what came and how long was waited. */
const run = async (errors: readonly Error[], hex = longestDraw.hex) => {
  const pauses: number[] = []
  const left = [...errors]
  const pause = async (ms: number) => void pauses.push(ms)
  const outcome = await withAttempts({ random: { hex }, pause }, async () => {
    const error = left.shift()
    if (error) throw error
    return 'done'
  }).catch((error: unknown) => error)
  return { outcome, pauses }
}

const busy = (retryAfterMs?: number) => new UnavailableError('busy', { retryAfterMs })

test('what is unavailable is tried again, later each time, and given up after six attempts', async () => {
  expect(await run([busy(), busy(), busy()])).toEqual({ outcome: 'done', pauses: [200, 400, 800] })
  const last = busy()
  const { outcome, pauses } = await run([busy(), busy(), busy(), busy(), busy(), last])
  expect(outcome).toBe(last)
  expect(pauses).toEqual([200, 400, 800, 1_600, 3_200])
})

test('the draw shortens the wait, so that callers that failed together do not come back together', async () => {
  expect((await run([busy(), busy()], (length) => '80'.repeat(length))).pauses).toEqual([101, 201])
})

test('nobody comes back before what the error asks for; who is asked to wait long is told so', async () => {
  expect((await run([busy(1_000)])).pauses).toEqual([1_200])
  const later = busy(30_000)
  expect(await run([later])).toEqual({ outcome: later, pauses: [] })
})

test('what cannot succeed is not tried again', async () => {
  const missing = new NotFoundError('no such object')
  expect(await run([missing])).toEqual({ outcome: missing, pauses: [] })
  const odd = new Error('odd')
  expect(await run([odd])).toEqual({ outcome: odd, pauses: [] })
})

import { UnavailableError } from '@convergence/core/errors.ts'
import { expect, test } from 'vitest'
import { GivenUp } from './given-up.ts'

test('work that was given up is told with its reason and time, for its run alone', () => {
  const givenUp = new GivenUp({ nowMs: () => Date.UTC(2026, 0, 31) })
  givenUp.note({ payload: { runId: 'r' }, attempts: 10, reason: new UnavailableError('the disk is full') })
  givenUp.note({ payload: { type: 'sweep' }, attempts: 3, reason: new UnavailableError('x') })
  expect(givenUp.of('r')).toEqual({
    reason: 'the disk is full (given up after 10 attempts)',
    at: '2026-01-31T00:00:00.000Z',
  })
  expect(givenUp.of('s')).toBeUndefined()
})

import { describe, expect, it } from 'vitest'
import { exhaust } from './play.ts'
import { SMALL_RUNS } from './scenarios.ts'

describe('a small run with one fault at one port call', () => {
  it('ends as it does without, whichever call and whichever fault it is', async () => {
    const [smallest] = SMALL_RUNS
    if (!smallest) throw new Error('there is no small run')
    const { calls, cases, failed, ends } = await exhaust(smallest)
    expect(failed.map(({ aim, problems }) => ({ ...aim, problems }))).toEqual([])
    expect([calls > 100, cases, [...ends]]).toEqual([true, 3 * calls, [['SUCCEEDED', 3 * calls]]])
  })
})

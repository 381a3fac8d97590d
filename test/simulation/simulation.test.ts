import { describe, expect, it } from 'vitest'
import { simulate } from './simulate.ts'
import type { PROFILES } from './profiles.ts'

const FAULTS = ['crash-before', 'crash-after', 'error', 'lost-answer', 'duplicate', 'late', 'job fails']

const play = async (seeds: number, profile: keyof typeof PROFILES) => {
  const played = []
  for (let seed = 1; seed <= seeds; seed++) played.push(await simulate(seed, { profile }))
  return {
    violations: played.flatMap(({ seed, violations }) => violations.map((text) => `seed ${seed}: ${text}`)),
    green: played.reduce((sum, one) => sum + one.green, 0),
    fired: new Set(played.flatMap(({ faults }) => [...faults.keys()])),
  }
}

describe('the real handlers over a simulated cloud', () => {
  it('lose and double nothing while processes die, answers get lost and deliveries come late, twice or in another order', async () => {
    const { violations, green, fired } = await play(40, 'base')
    expect(violations).toEqual([])
    expect(green).toBeGreaterThan(40)
    expect(FAULTS.filter((fault) => !fired.has(fault))).toEqual([])
  })

  it('come to their end when everything fails at once', async () => {
    expect((await play(15, 'storm')).violations).toEqual([])
  })

  it('play a seed the same way each time', async () => {
    const [first, again] = [await simulate(7), await simulate(7)]
    expect(again.trace).toEqual(first.trace)
  })

  it('load everything when nothing fails', async () => {
    const { violations, green, fired } = await play(10, 'calm')
    expect([violations, [...fired]]).toEqual([[], ['too many writes']])
    expect(green).toBeGreaterThan(20)
  })
})

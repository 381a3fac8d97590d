import { describe, expect, it } from 'vitest'
import type { ProfileName } from './profiles.ts'
import { simulate } from './simulate.ts'

const FAULTS = ['crash-before', 'crash-after', 'error', 'lost-answer', 'duplicate', 'late', 'job fails']

const play = async (seeds: number, profile: ProfileName) => {
  const played = []
  for (let seed = 1; seed <= seeds; seed++) played.push(await simulate(seed, { profile }))
  return {
    violations: played.flatMap(({ seed, violations }) => violations.map((text) => `seed ${seed}: ${text}`)),
    green: played.reduce((sum, one) => sum + one.green, 0),
    counted: new Set(played.flatMap(({ faults }) => [...faults.keys()])),
    fired: played.flatMap(({ fired }) => fired),
  }
}

describe('the real handlers over a simulated cloud', () => {
  it('lose and double nothing while processes die, answers get lost and deliveries come late, twice or in another order', async () => {
    const { violations, green, counted } = await play(40, 'base')
    expect(violations).toEqual([])
    expect(green).toBeGreaterThan(40)
    expect(FAULTS.filter((fault) => !counted.has(fault))).toEqual([])
  })

  it('come to their end when everything fails at once', async () => {
    expect((await play(15, 'storm')).violations).toEqual([])
  })

  it('load everything when nothing fails', async () => {
    const { violations, green, fired } = await play(10, 'calm')
    expect([violations, fired]).toEqual([[], []])
    expect(green).toBeGreaterThan(20)
  })
})

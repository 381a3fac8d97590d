import { expect, test } from 'vitest'
import { replay } from './find-cause.ts'
import { playSeeds, type Played } from './play-seeds.ts'
import { simulate } from './simulate.ts'
import { summarize } from './summarize.ts'

const range = (length: number): number[] => Array.from({ length }, (_, index) => index)

test('a seed has one history, to the byte', async () => {
  const [first, again] = [await simulate(7, { profile: 'storm' }), await simulate(7, { profile: 'storm' })]
  expect(again.trace.join('\n')).toBe(first.trace.join('\n'))
  expect([...again.faults]).toEqual([...first.faults])
})

test('all of the faults of a seed, by their numbers, make its history; none of them another, in which none happens', async () => {
  const whole = await simulate(7)
  const all = await replay(7, 'base', { faults: range(whole.fired.length) })
  expect(all.trace).toEqual(whole.trace)
  const none = await replay(7, 'base', { faults: [] })
  expect(none.fired).toEqual([])
  expect(none.trace).not.toEqual(whole.trace)
})

test('a fault that is left out leaves the others as they were', async () => {
  const { fired } = await simulate(7)
  const last = fired.length - 1
  const without = await replay(7, 'base', { faults: range(last) })
  expect(without.fired).toEqual(fired.slice(0, last))
})

test('an upload that is left out leaves the ids of the others as they were', async () => {
  const idsOf = ({ cloud }: Awaited<ReturnType<typeof simulate>>): string[] =>
    [...cloud.state.keys()].filter((key) => key.startsWith('runs/')).toSorted()
  const whole = await simulate(7, { profile: 'calm' })
  const part = await replay(7, 'calm', { uploads: [0] })
  expect(idsOf(part)).toHaveLength(1)
  expect(idsOf(whole)).toEqual(expect.arrayContaining(idsOf(part)))
})

test('seeds tell the same in several processes, in their order', async () => {
  const told: Played[] = []
  await playSeeds({ from: 1, seeds: 12, profile: 'base', jobs: 2, onPlayed: (one) => told.push(one) > 0 })
  const here: Played[] = []
  for (let seed = 1; seed <= 12; seed++) here.push(summarize(await simulate(seed)))
  expect(told).toEqual(here)
})

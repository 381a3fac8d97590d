import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Agenda } from './agenda.ts'

test('what is going to happen comes soonest first, and of one moment in the order in which it was asked for', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ dueMs: fc.nat(20), taken: fc.nat(2) })), (steps) => {
      const agenda = new Agenda()
      const seen: [number, number][] = []
      const waiting: [number, number][] = []
      const take = (): void => {
        const next = waiting.toSorted(([a, i], [b, j]) => a - b || i - j)[0]
        expect(agenda.next?.dueMs).toBe(next?.[0])
        agenda.take()?.run()
        if (next) waiting.splice(waiting.indexOf(next), 1)
        expect(seen.at(-1)).toEqual(next ?? seen.at(-1))
      }
      for (const [index, { dueMs, taken }] of steps.entries()) {
        waiting.push([dueMs, index])
        agenda.add(dueMs, () => seen.push([dueMs, index]))
        for (let times = 0; times < taken; times++) take()
      }
      while (waiting.length > 0) take()
      expect(agenda.take()).toBeUndefined()
      expect(seen).toHaveLength(steps.length)
    }),
  )
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { carryLaneOn, lastOfLanes, startLanes, type LaneWork } from './lanes.ts'

/** Runs the tasks of a plan in an order that `pick` chooses; some are delivered twice, some crash after their marker. */
const play = async (total: number, lanes: number, pick: (n: number) => number) => {
  const done = new Set<number>()
  const queue: number[] = []
  let finished = 0
  let early = false
  const work: LaneWork = {
    total,
    lanes,
    isDone: (index) => Promise.resolve(done.has(index)),
    enqueue: (index) => Promise.resolve(void queue.push(index)),
    finish: () => {
      finished++
      early ||= done.size < total
      return Promise.resolve()
    },
  }
  let widest = 0
  await startLanes(work)
  while (queue.length > 0) {
    widest = Math.max(widest, new Set(queue.filter((index) => !done.has(index))).size)
    const [index = 0] = queue.splice(pick(queue.length), 1)
    done.add(index)
    const fate = pick(6)
    if (fate === 0) queue.push(index) // crashed after its marker, before what comes after: delivered again
    else await carryLaneOn(work, index)
    if (fate === 1) queue.push(index) // a late duplicate
    if (queue.length > 500) break
  }
  return { done, finished, early, widest }
}

describe('lanes', () => {
  it('finish exactly when all are done, whatever the order, duplicates and crashes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 40 }),
        fc.integer({ min: 1, max: 7 }),
        fc.infiniteStream(fc.nat()),
        async (total, lanes, dice) => {
          const pick = (n: number): number => (n === 0 ? 0 : (dice.next().value as number) % n)
          const { done, finished, early, widest } = await play(total, lanes, pick)
          expect(done.size).toBe(total)
          expect(finished).toBeGreaterThan(0)
          expect(early).toBe(false)
          expect(widest).toBeLessThanOrEqual(Math.max(1, lanes))
        },
      ),
      { numRuns: 200 },
    )
  })

  it('look at few others when they end in about the order in which they began', async () => {
    const done = new Set<number>()
    let looks = 0
    let finished = 0
    const work: LaneWork = {
      total: 100,
      lanes: 100,
      isDone: (index) => {
        looks++
        return Promise.resolve(done.has(index))
      },
      enqueue: () => Promise.resolve(),
      finish: () => Promise.resolve(void finished++),
    }
    for (let index = 0; index < 100; index++) {
      // Every second one overtakes the one before it.
      done.add(index ^ 1)
      await carryLaneOn(work, index ^ 1)
    }
    expect([finished, looks < 250]).toEqual([1, true])
  })

  it('know the last chunk of each lane', () => {
    expect(lastOfLanes(5, 2)).toEqual([4, 3])
    expect(lastOfLanes(3, 10)).toEqual([0, 1, 2])
    expect(lastOfLanes(0, 4)).toEqual([])
  })
})

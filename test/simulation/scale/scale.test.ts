import { beforeAll, describe, expect, it } from 'vitest'
import { playScale, type Scaled } from './play.ts'
import { exceeded, operations } from './report.ts'

let few: Scaled
let many: Scaled
beforeAll(async () => {
  few = await playScale(100)
  many = await playScale(10_000)
}, 60_000)

const calls = (run: Scaled, kind: string): number => run.meter.callsOf(kind) / run.chunks

describe('a step of many chunks', () => {
  it('loads every part once, and stays within all limits', () => {
    expect([...exceeded(few), ...exceeded(many)]).toEqual([])
    expect([few.rowsLoaded, many.rowsLoaded]).toEqual([few.receipt?.accepted, many.receipt?.accepted])
    expect([few.receipt?.parts, many.receipt?.parts]).toEqual([100, 10_000])
  })

  it.each([
    ['task chunk', 1],
    ['object put part', 1],
    ['object put marker', 1],
    ['object read marker', 1],
    ['object read link', 1],
  ])('takes the same of each for a chunk: %s', (kind, count) => {
    expect([calls(few, kind), calls(many, kind)]).toEqual([count, count])
  })

  it('costs no more for a chunk of many than for one of few', () => {
    expect(operations(many)).toBeLessThanOrEqual(operations(few))
    // Reads run, file, and a link that is not there; looks at two markers; writes part and marker; enqueues; is read by the manifest.
    expect(Math.round(operations(many))).toBe(9)
    for (const kind of ['object put marker', 'object put manifest shard', 'object read plan shard'])
      expect((many.meter.tallies.get(kind)?.bytes ?? 0) / many.chunks).toBeLessThan(6_000)
  })

  it('writes state by its steps, not by its chunks', () => {
    const writes = ({ meter }: Scaled) =>
      [...meter.tallies]
        .filter(([kind]) => kind.startsWith('state set'))
        .map(([kind, { calls: count }]) => [kind, count])
    expect(writes(many)).toEqual(writes(few))
    expect(many.meter.callsOf('message step.staged')).toBe(1)
  })

  it('writes no object twice within a second, not even the word why all its chunks wait', async () => {
    const { meter, run } = await playScale(1_000, { outage: { fromMs: 4_000, toMs: 10_000 } })
    expect(run.status).toBe('SUCCEEDED')
    expect(meter.failures).toBeGreaterThan(50)
    expect(meter.callsOf('object put wait note')).toBeGreaterThan(0)
    expect([...meter.refused.keys()]).toEqual(['runs'])
  })

  it('stages by a load job what one job takes, and publishes once', async () => {
    const { meter, rowsLoaded, receipt } = await playScale(1_501, { partsPerJob: 300 })
    expect([meter.callsOf('load job'), meter.callsOf('copy job')]).toEqual([6, 1])
    expect([receipt?.parts, receipt?.balanced, rowsLoaded]).toEqual([1_501, true, receipt?.accepted])
  }, 60_000)
})

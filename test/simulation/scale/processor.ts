import { UnavailableError } from '@convergence/core/errors.ts'
import type { Processor } from '@convergence/core/ports/processor.ts'
import { BYTES_PER_SECOND, FILE_BYTES, PART_BYTES, PART_ROWS } from './model.ts'
import { modelledFile } from './objects.ts'
import type { SimulatedTime } from './simulated-time.ts'

/** Takes the time that a file takes, and gives one part; while its source is out of order, none. */
export const scaleProcessor = (time: SimulatedTime, isOut: () => boolean): Processor => ({
  process: async ({ input }) => {
    if (isOut()) throw new UnavailableError('the source is out of order')
    for await (const _ of input.body);
    const { read, process, write } = BYTES_PER_SECOND
    await time.sleep((FILE_BYTES / read + FILE_BYTES / process + PART_BYTES / write) * 1_000)
    return {
      parts: [{ body: modelledFile(PART_BYTES), rows: PART_ROWS, bytes: PART_BYTES }],
      rejects: [],
      counts: { fetched: PART_ROWS, accepted: PART_ROWS, rejected: 0, filtered: 0 },
      unknownColumns: [],
      samples: [],
      peakBytes: 0,
      release: () => Promise.resolve(),
    }
  },
  sample: async (input) => {
    for await (const _ of input.body);
    return { columns: ['id', 'day', 'amount'], rows: [['1', '2026-01-01', '1']] }
  },
  close: () => Promise.resolve(),
})

import { largestCursor } from '@convergence/core/cursor.ts'
import { NOTHING, type ChunkResult } from '@convergence/core/plan.ts'

const MAX_SAMPLES = 5

/** One result for all links of a slot. */
export const addResults = (results: readonly ChunkResult[]): ChunkResult =>
  results.reduce((a, b) => addResult(a, b, MAX_SAMPLES), NOTHING)

/** Both, with the samples of the first. */
export const addResult = (a: ChunkResult, b: ChunkResult, maxSamples: number): ChunkResult => {
  const max = largestCursor(a.max, b.max)
  return {
    parts: [...a.parts, ...b.parts],
    rejects: [...a.rejects, ...b.rejects],
    counts: {
      fetched: a.counts.fetched + b.counts.fetched,
      accepted: a.counts.accepted + b.counts.accepted,
      rejected: a.counts.rejected + b.counts.rejected,
      filtered: a.counts.filtered + b.counts.filtered,
    },
    samples: [...a.samples, ...b.samples].slice(0, maxSamples),
    unknownColumns: [...new Set([...a.unknownColumns, ...b.unknownColumns])],
    ...(max !== undefined && { max }),
    requests: a.requests + b.requests,
    peakBytes: Math.max(a.peakBytes, b.peakBytes),
  }
}

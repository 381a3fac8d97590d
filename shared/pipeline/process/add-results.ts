import { NOTHING, type ChunkResult } from '@convergence/core/plan.ts'
import { largest } from '../load/manifest.ts'

const MAX_SAMPLES = 5

/** One result for all links of a slot. */
export const addResults = (results: readonly ChunkResult[]): ChunkResult => results.reduce(add, NOTHING)

const add = (a: ChunkResult, b: ChunkResult): ChunkResult => {
  const max = largest(a.max, b.max)
  return {
    parts: [...a.parts, ...b.parts],
    rejects: [...a.rejects, ...b.rejects],
    counts: {
      fetched: a.counts.fetched + b.counts.fetched,
      accepted: a.counts.accepted + b.counts.accepted,
      rejected: a.counts.rejected + b.counts.rejected,
      filtered: a.counts.filtered + b.counts.filtered,
    },
    samples: [...a.samples, ...b.samples].slice(0, MAX_SAMPLES),
    unknownColumns: [...new Set([...a.unknownColumns, ...b.unknownColumns])],
    ...(max !== undefined && { max }),
    requests: a.requests + b.requests,
    peakBytes: Math.max(a.peakBytes, b.peakBytes),
  }
}

import type { Scaled } from './play.ts'
import {
  DISPATCHES_PER_SECOND,
  LANES,
  MAX_DOCUMENT_BYTES,
  MAX_JOB_BYTES,
  MAX_LOADS_A_DAY,
  MAX_MESSAGE_BYTES,
  MAX_TASK_BYTES,
  MAX_URIS,
  WRITES_PER_SECOND,
} from './model.ts'

/** Calls and bytes of one kind, for one chunk, a column a run. */
export const perChunk = (runs: readonly Scaled[]): string[] => {
  const kinds = [...new Set(runs.flatMap(({ meter }) => [...meter.tallies.keys()]))].toSorted()
  const head = ['a chunk', ...runs.map(({ chunks }) => `${chunks} chunks`), ...runs.map(() => 'bytes')]
  const rows = kinds.map((kind) => [
    kind,
    ...runs.map(({ meter, chunks }) => (meter.callsOf(kind) / chunks).toFixed(4)),
    ...runs.map(({ meter, chunks }) => String(Math.round((meter.tallies.get(kind)?.bytes ?? 0) / chunks))),
  ])
  return aligned([head, ...rows, ['all', ...runs.map((run) => operations(run).toFixed(4)), ...runs.map(() => '')]])
}

/** Operations of stores, tasks and messages, a chunk. */
export const operations = ({ meter, chunks }: Scaled): number => {
  const counted = [...meter.tallies].filter(([kind]) => /^(object|state|task|message)/.test(kind))
  return counted.reduce((sum, [, { calls }]) => sum + calls, 0) / chunks
}

const aligned = (rows: readonly (readonly string[])[]): string[] => {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  '),
  )
}

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`

/** How long it takes by the model, and what bounds it: of the rates the one that would take longest by itself. */
export const wallTime = (run: Scaled): string[] => {
  const { chunks, meter, wallMs, waitedMs, phasesMs } = run
  const writes = [...meter.tallies].filter(([kind]) => kind.startsWith('object put'))
  const written = writes.reduce((sum, [, { calls }]) => sum + calls, 0)
  const chunksMs = (phasesMs.get('PUBLISHING') ?? wallMs) - (phasesMs.get('RUNNING') ?? 0)
  const alone = [
    [`${LANES} lanes, each chunk ${seconds((chunksMs * Math.min(LANES, chunks)) / chunks)}`, chunksMs],
    [`Cloud Tasks, ${DISPATCHES_PER_SECOND} dispatches a second`, (chunks / DISPATCHES_PER_SECOND) * 1_000],
    [`Cloud Storage, ${WRITES_PER_SECOND} writes a second at first`, storageMs(written)],
  ] as const
  const [bound] = alone.toSorted(([, a], [, b]) => b - a)
  return [
    `${chunks} chunks: ${seconds(wallMs)} of simulated time; reached ${[...phasesMs].map(([phase, ms]) => `${phase} ${seconds(ms)}`).join(', ')}`,
    ...alone.map(([what, ms]) => `  by ${what}: ${seconds(ms)}${what === bound?.[0] ? ' <- bounds it' : ''}`),
    `  waited in all for writes ${seconds(waitedMs.writes)}, for reads ${seconds(waitedMs.reads)}, for dispatches ${seconds(waitedMs.dispatches)}; at most ${run.maxUnderWay} tasks at once`,
    `  refused writes (one object twice within a second): ${[...meter.refused].map(([kind, count]) => `${kind} ${count}`).join(', ') || 'none'}; failed deliveries ${meter.failures}`,
  ]
}

/** The rate doubles every 20 minutes. */
const storageMs = (writes: number): number => {
  let [left, rate, ms] = [writes, WRITES_PER_SECOND, 0]
  for (; left > rate * 1_200; rate *= 2) {
    left -= rate * 1_200
    ms += 1_200_000
  }
  return ms + (left / rate) * 1_000
}

/** What went beyond a limit. */
export const exceeded = (run: Scaled): string[] => {
  const { meter, chunks } = run
  const problems: string[] = []
  const atMost = (what: string, has: number, most: number): void => {
    if (has > most) problems.push(`${chunks} chunks: ${what} ${has}, at most ${most}`)
  }
  atMost('bytes of a message', meter.maxBytesOf('message'), MAX_MESSAGE_BYTES)
  atMost('bytes of a task', meter.maxBytesOf('task'), MAX_TASK_BYTES)
  atMost('bytes of a load job', meter.maxBytesOf('load job'), MAX_JOB_BYTES)
  for (const kind of ['plan', 'marker', 'manifest', 'wait'])
    atMost(`bytes of a ${kind}`, meter.maxBytesOf(`object put ${kind}`), MAX_DOCUMENT_BYTES)
  atMost('bytes of a state document', meter.maxBytesOf('state set'), MAX_DOCUMENT_BYTES)
  atMost('load jobs', meter.callsOf('load job'), Math.min(MAX_LOADS_A_DAY, Math.ceil(chunks / MAX_URIS)))
  atMost('slots of the plan in hand', run.maxSlotsInHand, 2_000)
  // The run's own document moves on quickly at its beginning, however many chunks it has.
  for (const [kind, count] of meter.refused) atMost(`refused writes of ${kind}`, count, kind === 'runs' ? 3 : 0)
  if (run.run.status !== 'SUCCEEDED') problems.push(`${chunks} chunks: the run ended ${run.run.status}`)
  if (run.receipt?.parts !== chunks) problems.push(`${chunks} chunks: the receipt counts ${run.receipt?.parts} parts`)
  if (run.rowsLoaded !== run.receipt?.accepted) problems.push(`${chunks} chunks: ${run.rowsLoaded} rows are loaded`)
  return problems
}

export const sizes = ({ chunks, meter, maxSlotsInHand, peakHeapBytes, cpuSeconds, storedBytes }: Scaled): string => {
  const largest = (prefix: string): number => meter.maxBytesOf(prefix)
  return (
    `${chunks} chunks: largest message ${largest('message')} B, task ${largest('task')} B, marker ${largest('object put marker')} B, ` +
    `plan shard ${largest('object put plan shard')} B, manifest shard ${largest('object put manifest shard')} B, head ${largest('object put manifest head')} B, ` +
    `state ${largest('state set')} B, load job ${largest('load job')} B; ${maxSlotsInHand} slots of the plan in hand at most; ` +
    `this process: heap ${megabytes(peakHeapBytes)} at most (and ${megabytes(storedBytes)} of the modelled store's documents beside it), ${cpuSeconds.toFixed(0)} s CPU`
  )
}

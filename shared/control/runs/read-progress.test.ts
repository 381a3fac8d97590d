import { NotFoundError } from '@convergence/core/errors.ts'
import { linkName, manifestName, markerName, planName, planShardName } from '@convergence/core/names.ts'
import { NOTHING, type ChunkResult } from '@convergence/core/plan.ts'
import type { ObjectRef } from '@convergence/core/ports/object-store.ts'
import type { Ports } from '@convergence/core/ports/index.ts'
import type { Run } from '@convergence/core/run/run.ts'
import { beforeEach, expect, test } from 'vitest'
import { progressReader } from './read-progress.ts'

const AT = { tenant: 'acme', runId: 'r', stepId: 's' }
const RUN = {
  ...AT,
  steps: [
    { stepId: 's', type: 'ingest' },
    { stepId: 'checks', type: 'dq' },
  ],
} as unknown as Run
const CHUNKS = 7
const LANES = 2

let objects: Map<string, unknown>
let reads: string[]
beforeEach(() => {
  objects = new Map()
  reads = []
})

async function* read({ name }: ObjectRef): AsyncGenerator<Uint8Array> {
  reads.push(name)
  if (!objects.has(name)) throw new NotFoundError(`${name} is not there`)
  yield Buffer.from(JSON.stringify(objects.get(name)))
}

const reader = () => progressReader({ ports: { objects: { read } } as unknown as Ports, trace: 't' }, 'bucket')

const result = (fetched: number): ChunkResult => ({
  ...NOTHING,
  counts: { fetched, accepted: fetched, rejected: 0, filtered: 0 },
  peakBytes: fetched,
})

const plan = (sizes?: number): void => {
  const head = {
    version: 1,
    attempt: 'a',
    shards: 1,
    shardSize: 1_000,
    chunks: CHUNKS,
    lanes: LANES,
    ...(sizes !== undefined && { bytes: CHUNKS * sizes }),
    columns: [],
    schema: [],
    ignored: [],
    strictColumns: true,
    partitionBy: 'ingestion_date',
    clusterBy: [],
    strategy: { type: 'append' },
    plannedAt: '2026-01-31T00:00:00.000Z',
  }
  objects.set(planName(AT), head)
  const slots = Array.from({ length: CHUNKS }, () => ({
    label: 'l',
    slot: 0,
    ...(sizes !== undefined && { bytes: sizes }),
  }))
  objects.set(planShardName(AT, 'a', 0), { version: 1, slots })
}

const done = (chunk: number, fetched = 10): void =>
  void objects.set(markerName(AT, chunk), { version: 1, chunk, status: 'done', label: 'l', result: result(fetched) })

test('a step without a plan has no progress', async () => {
  expect(await reader()(RUN)).toEqual([])
})

test('chunks, rows and bytes are those of the markers, lane by lane', async () => {
  plan(100)
  for (const chunk of [0, 2, 4, 1]) done(chunk)
  expect(await reader()(RUN)).toEqual([
    {
      stepId: 's',
      chunks: { done: 4, total: CHUNKS },
      rows: { fetched: 40, accepted: 40, rejected: 0, filtered: 0 },
      bytes: { done: 400, total: 700 },
      peakBytes: 10,
    },
  ])
})

test('where slots do not know their sizes no bytes are told', async () => {
  plan()
  done(0)
  expect((await reader()(RUN))[0]).toMatchObject({ chunks: { done: 1 }, bytes: undefined })
})

test('a second look reads no marker again', async () => {
  plan(100)
  for (const chunk of [0, 2, 1]) done(chunk)
  const look = reader()
  await look(RUN)
  reads = []
  done(3)
  expect((await look(RUN))[0]).toMatchObject({ chunks: { done: 4 } })
  for (const chunk of [0, 1, 2]) expect(reads).not.toContain(markerName(AT, chunk))
  expect(reads).not.toContain(planName(AT))
})

test('rows of a chunk that is read link by link are seen before its marker, and counted once', async () => {
  plan()
  const link = (index: number) => ({ version: 1, chunk: 0, link: index, result: result(5), continuation: index })
  objects.set(linkName(AT, 0, 0), link(0))
  objects.set(linkName(AT, 0, 1), link(1))
  const look = reader()
  expect((await look(RUN))[0]).toMatchObject({ chunks: { done: 0 }, rows: { fetched: 10 } })
  done(0, 12)
  expect((await look(RUN))[0]).toMatchObject({ chunks: { done: 1 }, rows: { fetched: 12 } })
})

test('a frozen manifest says all at once', async () => {
  plan(100)
  objects.set(manifestName(AT), {
    version: 1,
    chunks: CHUNKS,
    counts: { fetched: 70, accepted: 69, rejected: 1, filtered: 0 },
    samples: [],
    unknownColumns: [],
    requests: 7,
    bytes: 1,
    peakBytes: 99,
    rejectedChunks: 0,
    rejections: [],
    parts: [],
    rejects: [],
    shards: 0,
  })
  expect((await reader()(RUN))[0]).toMatchObject({
    chunks: { done: CHUNKS, total: CHUNKS },
    rows: { fetched: 70, rejected: 1 },
    bytes: { done: 700, total: 700 },
    peakBytes: 99,
  })
  expect(reads.filter((name) => name.includes('/chunks/'))).toEqual([])
})

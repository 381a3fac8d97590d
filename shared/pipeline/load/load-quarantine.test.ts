import { NOTHING, type ManifestHead } from '@convergence/core/plan.ts'
import type { Ports } from '@convergence/core/ports/index.ts'
import type { JobStatus } from '@convergence/core/ports/warehouse.ts'
import type { Run, StepState } from '@convergence/core/run/run.ts'
import { expect, test } from 'vitest'
import type { StepContext } from '../stage.ts'
import { loadQuarantine } from './load-quarantine.ts'

const AT = '2026-01-15T06:00:00.000Z'
const labels = { tenant: 'acme', pipeline: 'daily', run: 'daily-1', step: 'rows' }
const rejects = [{ name: 'acme/reject', rows: 1, bytes: 1, crc32c: 'x' }]
const MANIFEST: ManifestHead = {
  version: 1,
  chunks: 1,
  ...NOTHING,
  rejects,
  counts: { fetched: 1, accepted: 0, rejected: 1, filtered: 0 },
  bytes: 0,
  rejectedChunks: 0,
  rejections: [],
  shards: 0,
  shardFiles: [],
}

const STEP: StepState = {
  stepId: 'rows',
  type: 'ingest',
  status: 'PUBLISHING',
  needs: [],
  onFailure: 'stop',
  acknowledged: true,
  stem: 'stem',
  tables: [],
  warnings: [],
  superseded: false,
}

const runThatIs = (status: Run['status']): Run => ({
  version: 1,
  runId: 'daily-1',
  tenant: 'acme',
  pipelineId: 'daily',
  status,
  cause: { type: 'request' },
  trace: 't',
  configHash: 'h',
  parameters: {},
  logicalTime: AT,
  timezone: 'UTC',
  project: 'p',
  location: 'EU',
  concurrency: 1,
  timeoutMs: 1_000,
  revision: 3,
  requestedAt: AT,
  steps: [STEP],
  warnings: [],
})

/** A worker that read the run while it was RUNNING, and looks at its jobs now that it is `status`. */
const loadWhile = async (status: Run['status'], jobs: Readonly<Record<string, JobStatus>>) => {
  const submitted: string[] = []
  const ports = {
    state: { get: (key: string) => Promise.resolve({ key, value: runThatIs(status), version: '2' }) },
    warehouse: {
      capabilities: { pollMs: 1_000, maxPartsPerJob: 10 },
      poll: ({ jobId }: { jobId: string }) => Promise.resolve(jobs[jobId]),
      submit: ({ jobId }: { jobId: string }) => {
        submitted.push(jobId)
        return Promise.resolve({ outcome: 'submitted' })
      },
    },
  } as unknown as Ports
  const at = { tenant: 'acme', runId: 'daily-1', stepId: 'rows' }
  const settings = { bucket: 'convergence' }
  const context = {
    ports,
    settings,
    run: runThatIs('RUNNING'),
    state: STEP,
    step: { retry: { max_attempts: 3 } },
    at,
    labels,
  }
  return { outcome: await loadQuarantine(context as unknown as StepContext, MANIFEST), submitted }
}

const seal: JobStatus = { kind: 'seal', labels, state: 'done' }

test('rejected rows are loaded under the next free id, past a seal, while the run wants them', async () => {
  expect(await loadWhile('RUNNING', { 'stem-quarantine-a1': seal })).toEqual({
    outcome: 1_000,
    submitted: ['stem-quarantine-a2'],
  })
})

test('a worker that comes late does not load them past the seal of a stop', async () => {
  expect(await loadWhile('STOPPING', { 'stem-quarantine-a1': seal })).toEqual({ outcome: 'stopped', submitted: [] })
  expect(await loadWhile('CANCELLED', {})).toEqual({ outcome: 'stopped', submitted: [] })
})

import type { RunLook } from '../platform/platform.ts'

type Step = RunLook['run']['steps'][number]

const AT = '2026-01-31T00:00:00.000Z'
export const atMs = (seconds: number): number => Date.parse(AT) + seconds * 1_000

export const step = (stepId: string, values: Partial<Step> = {}): Step => ({
  step_id: stepId,
  type: 'ingest',
  status: 'SUCCEEDED',
  started_at: AT,
  ended_at: AT,
  duration_ms: 2_000,
  rows: { fetched: 1_000, accepted: 990, rejected: 10, filtered: 0, loaded: 990 },
  tables: [],
  warnings: [],
  error: null,
  ...values,
})

export const look = (
  steps: readonly Step[],
  values: Partial<RunLook['run']> = {},
  progress: RunLook['progress'] = [],
): RunLook => ({
  tenant: 'acme',
  waits: [],
  run: {
    run_id: 'costs-1',
    pipeline_id: 'costs',
    status: 'SUCCEEDED',
    cause: 'request',
    replay_of: null,
    quarantine_of: null,
    parameters: {},
    logical_time: AT,
    requested_at: AT,
    started_at: AT,
    ended_at: AT,
    duration_ms: 3_200,
    steps: [...steps],
    receipts: [],
    warnings: [],
    error: null,
    trace_id: 't',
    ...values,
  },
  progress,
})

export const progress = (
  stepId: string,
  done: number,
  total: number,
  bytes?: { done: number; total: number },
): RunLook['progress'][number] => ({
  stepId,
  chunks: { done, total },
  rows: { fetched: done * 100, accepted: done * 100, rejected: 0, filtered: 0 },
  bytes,
  peakBytes: 0,
})

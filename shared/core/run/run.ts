import { z } from 'zod'
import { problem, stepRows, stopIntent } from '../messages.ts'

/**
 * The run document: the truth about one run. Written on transitions only, by compare-and-set, by the orchestrator alone; progress is
 * read from markers. What must not change under a run is pinned here when it is asked for.
 */
export const RUN_STATUSES = ['PENDING', 'QUEUED', 'RUNNING', 'STOPPING', 'SUCCEEDED', 'FAILED', 'CANCELLED'] as const
export const STEP_STATUSES = [
  'PENDING',
  'RUNNING',
  'PUBLISHING',
  'SUCCEEDED',
  'FAILED',
  'SKIPPED',
  'CANCELLED',
] as const

const stepState = z.strictObject({
  stepId: z.string(),
  type: z.enum(['ingest', 'dq', 'transform']),
  status: z.enum(STEP_STATUSES),
  needs: z.array(z.string()),
  onFailure: z.enum(['stop', 'continue', 'alert']),
  /** Milliseconds from the step's start; undefined: the run's only. */
  timeoutMs: z.int().positive().optional(),
  /** The stage has said that it began this phase; until then its command is sent again and again. */
  acknowledged: z.boolean(),
  /** Stem of the ids of its publishing jobs: set when it enters PUBLISHING, never changed. */
  stem: z.string().optional(),
  startedAt: z.string().optional(),
  endedAt: z.string().optional(),
  rows: stepRows.optional(),
  tables: z.array(z.string()),
  warnings: z.array(problem),
  superseded: z.boolean(),
  error: problem.optional(),
  /** Of a replay. Of a step that has SUCCEEDED: the run in which it did; of any other: the run whose plan and done chunks it takes over. */
  from: z.string().optional(),
})
export type StepState = z.infer<typeof stepState>

const runCause = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('request'), keyId: z.string().optional(), idempotencyKey: z.string().optional() }),
  z.strictObject({ type: z.literal('upload'), bucket: z.string(), name: z.string(), generation: z.string() }),
  /** What an ended run did not do, once more; with `quarantineOf`, the rows that a run left in quarantine. */
  z.strictObject({
    type: z.literal('replay'),
    runId: z.string(),
    quarantineOf: z.string().optional(),
    /** Of the config and the steps that were asked for, where asking with others is another replay: of quarantined rows. */
    attempt: z.string().optional(),
  }),
])
export type RunCause = z.infer<typeof runCause>

export const runDocument = z.strictObject({
  version: z.literal(1),
  runId: z.string(),
  tenant: z.string(),
  pipelineId: z.string(),
  status: z.enum(RUN_STATUSES),
  /** Set with STOPPING; the first intent wins. */
  intent: stopIntent.optional(),
  cause: runCause,
  trace: z.string(),
  // Pinned.
  configHash: z.string(),
  parameters: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  /** ISO instant: the scheduled time, or the time of the request. */
  logicalTime: z.string(),
  timezone: z.string(),
  project: z.string(),
  location: z.string(),
  concurrency: z.int().positive(),
  timeoutMs: z.int().positive(),
  // Moving.
  /** Number of transitions; the metadata rows carry it. */
  revision: z.int().min(0),
  requestedAt: z.string(),
  startedAt: z.string().optional(),
  endedAt: z.string().optional(),
  /** Concurrency slot that the run holds. */
  slot: z.int().min(0).optional(),
  steps: z.array(stepState),
  warnings: z.array(problem),
  error: problem.optional(),
})
export type Run = z.infer<typeof runDocument>

export const runEnded = (run: Pick<Run, 'status'>): boolean =>
  run.status === 'SUCCEEDED' || run.status === 'FAILED' || run.status === 'CANCELLED'

export const stepEnded = (step: Pick<StepState, 'status'>): boolean =>
  step.status !== 'PENDING' && step.status !== 'RUNNING' && step.status !== 'PUBLISHING'

/** The step of that id. Throws when the run has none: a message of another run's config. */
export const stepOf = (run: Run, stepId: string): StepState => {
  const step = run.steps.find((one) => one.stepId === stepId)
  if (!step) throw new Error(`run ${run.runId} has no step ${stepId}`)
  return step
}

/** A run may begin, publish or settle a step only while it is RUNNING. */
export const stepIs = (run: Run, stepId: string, status: 'RUNNING' | 'PUBLISHING'): boolean => {
  const step = stepOf(run, stepId)
  return run.status === 'RUNNING' && step.status === status && !step.error
}

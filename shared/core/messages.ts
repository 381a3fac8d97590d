import { z } from 'zod'

/** Messages and tasks between the functions: pointers, never data. Both carry a version, so that the code before and after a deployment understand each other's. */
const MESSAGE_VERSION = 1

const id = z.string().min(1).max(200)
const base = { version: z.literal(MESSAGE_VERSION), trace: z.string().max(64) }
const ofRun = { ...base, runId: id }
const ofStep = { ...ofRun, stepId: id }

/** Rows of a step, as far as they are known. */
export const stepRows = z.strictObject({
  fetched: z.int().min(0),
  accepted: z.int().min(0),
  rejected: z.int().min(0),
  filtered: z.int().min(0),
  loaded: z.int().min(0),
})
export type StepRows = z.infer<typeof stepRows>

export const problem = z.strictObject({ code: z.string(), message: z.string() })
export type Problem = z.infer<typeof problem>

/** Why a run stops, and how it ends when everything is sealed. */
export const stopIntent = z.strictObject({
  end: z.enum(['FAILED', 'CANCELLED']),
  reason: problem,
})

/** Events that the orchestrator answers. */
export const runEvent = z.discriminatedUnion('type', [
  /** A run was written; or: look at it again (redelivery, sweep, tick). */
  z.strictObject({ ...ofRun, type: z.literal('run.requested') }),
  z.strictObject({ ...ofRun, type: z.literal('run.stop'), intent: stopIntent }),
  z.strictObject({ ...ofRun, type: z.literal('step.timed_out'), stepId: id }),
  z.strictObject({ ...ofStep, type: z.literal('step.started'), phase: z.enum(['run', 'publish']) }),
  /** Its rows are staged (ingest: the manifest is frozen; transform: the statement is ready): it may publish under this stem. */
  z.strictObject({ ...ofStep, type: z.literal('step.staged'), stem: id }),
  z.strictObject({
    ...ofStep,
    type: z.literal('step.succeeded'),
    rows: stepRows,
    tables: z.array(z.string()),
    warnings: z.array(problem),
    superseded: z.boolean(),
  }),
  z.strictObject({ ...ofStep, type: z.literal('step.failed'), error: problem, rows: stepRows.optional() }),
])
export type RunEvent = z.infer<typeof runEvent>

/** Commands to a stage (`ingest`, `dq`, `transform`): begin the step, or publish it. */
export const stepCommand = z.strictObject({
  ...ofStep,
  type: z.enum(['step.run', 'step.publish']),
})
export type StepCommand = z.infer<typeof stepCommand>

/** An object was finalized in a bucket. */
export const uploadEvent = z.strictObject({
  ...base,
  type: z.literal('object.finalized'),
  bucket: id,
  name: z.string().min(1).max(1024),
  generation: id,
  size: z.int().min(0),
})
export type UploadEvent = z.infer<typeof uploadEvent>

export type Message = RunEvent | StepCommand | UploadEvent
export type Topic = 'run-events' | 'ingest' | 'dq' | 'transform' | 'uploads'

/** Work of one chunk, one shard of the manifest, a look at a job, or a look at a run. */
export const task = z.discriminatedUnion('type', [
  z.strictObject({ ...ofStep, type: z.literal('chunk'), chunk: z.int().min(0), link: z.int().min(0) }),
  z.strictObject({ ...ofStep, type: z.literal('manifest'), shard: z.int().min(0) }),
  /** Carries a step's work on from where it is: its job is looked at again. `tick` makes the name new. */
  z.strictObject({
    ...ofStep,
    type: z.literal('step'),
    command: z.enum(['step.run', 'step.publish']),
    tick: z.int().min(0),
  }),
  /**
   * Carries a stopping run on, ends what has run out of time, or sends again what a run may have lost: at once (`resume`), or where nothing
   * has moved for long (`quiet`).
   */
  z.strictObject({
    ...ofRun,
    type: z.literal('run'),
    check: z.enum(['stop', 'timeout', 'queue', 'resume', 'quiet']),
    stepId: id.optional(),
    /** Of a `resume`: this one only. */
    chunk: z.int().min(0).optional(),
    tick: z.int().min(0),
  }),
  /** One piece of a sweep: a page of the active runs, or of the files of ended ones. */
  z.strictObject({
    ...base,
    type: z.literal('sweep'),
    what: z.enum(['runs', 'files']),
    tick: z.int().min(0),
    page: z.string().max(2_000).optional(),
  }),
])
export type Task = z.infer<typeof task>

/** `chunks`: ingest's work; `jobs`: polls, one queue for each stage; `runs`: the orchestrator's. */
export type Queue = 'chunks' | 'ingest-jobs' | 'dq-jobs' | 'transform-jobs' | 'runs'

/** What a host tells a handler of a delivery. */
export interface Delivery {
  /** 1 is the first. */
  readonly attempt: number
  readonly trace: string
}

export const MESSAGE = { version: MESSAGE_VERSION } as const

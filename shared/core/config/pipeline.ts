import { z } from 'zod'
import {
  description,
  durationMs,
  id,
  notYet,
  oneOf,
  positiveDurationMs,
  scalar,
  sizeBytes,
  sourceRef,
  sqlRef,
  tableRef,
  timeZone,
} from './fields.ts'
import { load } from './load.ts'

export type { Load, MaxRejected } from './load.ts'

/** `configs/{tenant}/pipelines/{id}.yml`. Durations are milliseconds, sizes are bytes once read. */
const PARAMETER_TYPES = ['date', 'timestamp', 'string', 'integer', 'number', 'boolean'] as const

const parameter = z.strictObject({
  type: z.enum(PARAMETER_TYPES),
  description,
  /** A value, or a word: `today yesterday tomorrow` of a date; those and `now` of a timestamp. */
  default: scalar.optional(),
  required: z.boolean().default(false),
  enum: z.array(scalar).min(1).optional(),
  /** Of the whole text. */
  pattern: z.string().max(200).optional(),
  min: z.union([z.number(), z.string()]).optional(),
  max: z.union([z.number(), z.string()]).optional(),
})
export type Parameter = z.output<typeof parameter>

const retry = z
  .strictObject({
    max_attempts: z.int().min(1).max(20).default(3),
    backoff: durationMs.prefault('30s'),
  })
  .prefault({})

const anyStep = {
  step_id: id,
  description,
  /** Absent: the previous step; `[]`: none. */
  needs: z.array(id).optional(),
  on_failure: z.enum(['stop', 'continue', 'alert']).default('stop'),
  /** Of the chunks and jobs of the same plan. */
  retry,
  /** From the step's start; absent: the run's only. */
  timeout: positiveDurationMs.optional(),
}

const ingestStep = z.strictObject({
  ...anyStep,
  type: z.literal('ingest'),
  source: sourceRef,
  load,
  /** Rules that the staged rows must pass before they become visible. */
  gate: id.optional(),
})

const dqStep = z.strictObject({
  ...anyStep,
  type: z.literal('dq'),
  rules: id,
  /** Absent: the table that the rules name. */
  table: tableRef.optional(),
  /** All rows, those of the partitions that this run loaded, or those that this run loaded. */
  scope: z.enum(['table', 'partition', 'run']).default('table'),
})

const transformStep = z.strictObject({
  ...anyStep,
  type: z.literal('transform'),
  sql: sqlRef,
  load,
  /** Absent: the operator's limit. */
  max_bytes_billed: sizeBytes.optional(),
})

const step = z.discriminatedUnion('type', [ingestStep, dqStep, transformStep], {
  error: oneOf('type', ['ingest', 'dq', 'transform']),
})

/** Absent `needs` become the step before. */
const steps = z
  .array(step)
  .min(1, 'needs at least one step')
  .max(200)
  .transform((list): Step[] =>
    list.map((one, index) => ({
      ...one,
      needs: one.needs ?? list.slice(Math.max(0, index - 1), index).map((before) => before.step_id),
    })),
  )

export const pipelineSchema = z.strictObject({
  pipeline_id: id,
  description,
  /** Of dates and of defaults like `yesterday`. Absent: the tenant's. */
  timezone: timeZone.optional(),
  schedule: notYet(),
  after: notYet(),
  /** An uploaded object that matches starts a run; `parameters.object` is its name. */
  on_upload: z.strictObject({ bucket: z.string().min(3).max(222), glob: z.string().min(1).max(1_024) }).optional(),
  parameters: z.record(id, parameter).default({}),
  /** Runs at a time; more are QUEUED. */
  concurrency: z.int().min(1).default(1),
  /** From RUNNING. */
  timeout: positiveDurationMs.prefault('2h'),
  steps,
})

type Resolved<S extends { needs?: string[] | undefined }> = S extends unknown
  ? Omit<S, 'needs'> & { needs: string[] }
  : never
export type IngestStep = Resolved<z.output<typeof ingestStep>>
export type DqStep = Resolved<z.output<typeof dqStep>>
export type TransformStep = Resolved<z.output<typeof transformStep>>
export type Step = IngestStep | DqStep | TransformStep

/** With the tenant's time zone put in where the file has none. */
export type Pipeline = Omit<z.output<typeof pipelineSchema>, 'timezone'> & { timezone: string }

import { RUN_STATUSES, STEP_STATUSES } from '@convergence/core/run/run.ts'
import { z } from 'zod'
import { problemSchema } from './problem.ts'

/** Answers of the API, as its OpenAPI document shows them. */
const problem = z.object({ code: z.string(), message: z.string() })
const instant = z.string().meta({ format: 'date-time' })
const rows = z.object({
  fetched: z.number().int(),
  accepted: z.number().int(),
  rejected: z.number().int(),
  filtered: z.number().int(),
  loaded: z.number().int(),
})

const step = z.object({
  step_id: z.string(),
  type: z.enum(['ingest', 'dq', 'transform']),
  status: z.enum(STEP_STATUSES),
  started_at: instant.nullable(),
  ended_at: instant.nullable(),
  duration_ms: z.number().nullable(),
  rows,
  tables: z.array(z.string()),
  warnings: z.array(problem),
  error: problem.nullable(),
})

const receipt = z.object({
  step_id: z.string(),
  table: z.string(),
  strategy: z.enum(['append', 'overwrite', 'merge']),
  job_id: z.string(),
  rows: z.object({
    fetched: z.number().int(),
    accepted: z.number().int(),
    rejected: z.number().int(),
    filtered: z.number().int(),
    staged: z.number().int(),
    inserted: z.number().int(),
    updated: z.number().int(),
    deleted: z.number().int(),
    superseded: z.number().int(),
  }),
  balanced: z.boolean(),
})

export const runSchema = z
  .object({
    run_id: z.string(),
    pipeline_id: z.string(),
    status: z.enum(RUN_STATUSES),
    cause: z.enum(['request', 'upload', 'replay']),
    replay_of: z.string().nullable().meta({ description: 'The run that this one replays' }),
    quarantine_of: z.string().nullable().meta({ description: 'The run whose rejected rows this one loads' }),
    parameters: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
    logical_time: instant,
    requested_at: instant,
    started_at: instant.nullable(),
    ended_at: instant.nullable(),
    duration_ms: z.number().nullable(),
    steps: z.array(step),
    receipts: z.array(receipt),
    warnings: z.array(problem),
    error: problem.nullable(),
    trace_id: z.string(),
  })
  .meta({ id: 'Run' })

const nullable = z.string().nullable()
const delivery = {
  channel: z.string(),
  type: z.string(),
  step_id: nullable,
  chunk: z.number().int().nullable(),
  attempts: z.number().int(),
}

const explanation = z.object({
  steps: z.array(
    z.object({
      step_id: z.string(),
      status: z.enum(STEP_STATUSES),
      error: problem.nullable(),
      ended_at: instant.nullable(),
      chunks: z.object({ total: z.number().int(), rejected: z.number().int() }).nullable(),
      bad_chunks: z.array(
        z.object({
          chunk: z.number().int(),
          label: z.string(),
          code: z.string(),
          message: z.string(),
          at: instant.nullable(),
        }),
      ),
      rejected_rows: z.number().int(),
      quarantined: z.boolean(),
      from: nullable.meta({ description: 'Of a replay: the run in which it succeeded, or whose chunks it takes over' }),
    }),
  ),
  waiting_for: z.array(
    z.object({
      what: z.enum(['slot', 'cursor', 'table', 'time', 'step']),
      step_id: nullable,
      message: z.string(),
      run_id: nullable,
    }),
  ),
  under_way: z
    .array(z.object({ ...delivery, due_at: instant, running: z.boolean(), last_error: nullable }))
    .nullable()
    .meta({ description: 'null: this host cannot tell' }),
  dead_letters: z
    .array(z.object({ ...delivery, at: instant, code: z.string(), reason: z.string() }))
    .nullable()
    .meta({ description: 'null: this host cannot tell' }),
  replayed_by: z.object({ run_id: z.string(), status: z.enum(RUN_STATUSES) }).nullable(),
  advice: z.array(
    z.object({ do: z.string(), command: nullable.meta({ description: 'Of `convergence`, without its name' }) }),
  ),
})

export const explainedRunSchema = runSchema
  .extend({ explanation: explanation.meta({ description: 'Why the run is as it is, and what to do about it' }) })
  .meta({ id: 'ExplainedRun' })

export const acceptedSchema = z
  .object({ run_id: z.string(), status: z.enum(RUN_STATUSES), created: z.boolean() })
  .meta({ id: 'AcceptedRun' })

export const runListSchema = z
  .object({ runs: z.array(runSchema), next_page_token: z.string().nullable() })
  .meta({ id: 'RunList' })

const DESCRIPTIONS: Readonly<Record<number, string>> = {
  400: 'The request is not valid; `errors` names each field',
  401: 'No valid key',
  403: 'The key may not do this',
  404: 'There is no such thing',
  409: 'It does not fit what is there',
  413: 'The body is too large',
  415: 'The body is not JSON',
  422: "The tenant's configuration is not valid",
  429: 'A limit is reached; Retry-After says when to come back',
  503: 'Something is not available now',
}

type Problems<S extends number> = Record<
  S,
  { description: string; content: { 'application/problem+json': { schema: typeof problemSchema } } }
>

export const problems = <S extends number>(...statuses: S[]): Problems<S> =>
  Object.fromEntries(
    statuses.map((status) => [
      status,
      {
        description: DESCRIPTIONS[status] ?? 'A problem',
        content: { 'application/problem+json': { schema: problemSchema } },
      },
    ]),
  ) as Problems<S>

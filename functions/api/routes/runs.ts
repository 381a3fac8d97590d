import { cancelRun } from '@convergence/control/runs/cancel-run.ts'
import { explainRun } from '@convergence/control/runs/explain-run.ts'
import { getReceipts, getRun } from '@convergence/control/runs/get-run.ts'
import { listRuns } from '@convergence/control/runs/list-runs.ts'
import { requestRun } from '@convergence/control/runs/request-run.ts'
import { viewRun } from '@convergence/control/runs/view-run.ts'
import { createRoute, type OpenAPIHono } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { z } from 'zod'
import { requireKey } from '../auth.ts'
import type { ApiDeps, ApiEnv } from '../environment.ts'
import type { RateLimiter } from '../rate-limit.ts'
import { acceptedSchema, explainedRunSchema, problems, runListSchema, runSchema } from '../schemas.ts'

const security = [{ apiKey: [] }]
const json = <S extends z.ZodType>(description: string, schema: S) => ({
  description,
  content: { 'application/json': { schema } },
})
const runId = z.object({ run_id: z.string().min(1).max(200) })

const requestRoute = createRoute({
  method: 'post',
  path: '/api/v1/pipelines/run/{pipeline_id}',
  summary: 'Ask for a run of a pipeline',
  security,
  request: {
    params: z.object({ pipeline_id: z.string().min(1).max(63) }),
    headers: z.object({
      'idempotency-key': z
        .string()
        .regex(/^[\x21-\x7e]{1,200}$/, '1 to 200 printable characters')
        .optional()
        .meta({ description: 'The same key again gives the same run' }),
    }),
    body: {
      content: {
        'application/json': { schema: z.strictObject({ parameters: z.record(z.string(), z.unknown()).optional() }) },
      },
    },
  },
  responses: {
    202: json('The run, which goes on by itself', acceptedSchema),
    ...problems(400, 401, 403, 404, 409, 413, 415, 422, 429, 503),
  },
})

const listRoute = createRoute({
  method: 'get',
  path: '/api/v1/pipelines/runs',
  summary: 'Runs, newest first',
  security,
  request: {
    query: z.strictObject({
      pipeline_id: z.string().min(1).max(63).optional(),
      limit: z.coerce.number().int().min(1).max(100).optional(),
      page_token: z.string().max(1_000).optional(),
    }),
  },
  responses: { 200: json('A page of runs', runListSchema), ...problems(400, 401, 403, 429, 503) },
})

const getRoute = createRoute({
  method: 'get',
  path: '/api/v1/pipelines/runs/{run_id}',
  summary: 'A run with its steps and receipts, and why it is as it is',
  security,
  request: { params: runId },
  responses: { 200: json('The run', explainedRunSchema), ...problems(400, 401, 403, 404, 429, 503) },
})

const cancelRoute = createRoute({
  method: 'delete',
  path: '/api/v1/pipelines/runs/{run_id}',
  summary: 'Cancel a run',
  security,
  request: { params: runId },
  responses: {
    202: json('The run, which ends when nothing of it can become visible any more', runSchema),
    ...problems(400, 401, 403, 404, 409, 429, 503),
  },
})

export const addRunRoutes = (app: OpenAPIHono<ApiEnv>, deps: ApiDeps, limiter: RateLimiter): void => {
  const reads = requireKey(deps, limiter, 'runs:read')
  const writes = requireKey(deps, limiter, 'runs:write')
  const contextOf = (c: Context<ApiEnv>) => ({ ports: deps.ports, trace: c.var.trace, tenant: c.var.tenant })

  app.openapi({ ...requestRoute, middleware: [writes] as const }, async (c) => {
    const idempotencyKey = c.req.valid('header')['idempotency-key']
    const { run, created } = await requestRun(contextOf(c), {
      pipelineId: c.req.valid('param').pipeline_id,
      parameters: c.req.valid('json').parameters ?? {},
      cause: { type: 'request', keyId: c.var.keyId, ...(idempotencyKey !== undefined && { idempotencyKey }) },
    })
    return c.json({ run_id: run.runId, status: run.status, created }, 202, {
      location: `/api/v1/pipelines/runs/${run.runId}`,
    })
  })

  app.openapi({ ...listRoute, middleware: [reads] as const }, async (c) => {
    const { pipeline_id, limit, page_token } = c.req.valid('query')
    const page = await listRuns(contextOf(c), { pipelineId: pipeline_id, limit, pageToken: page_token })
    return c.json({ runs: page.runs.map((run) => viewRun(run)), next_page_token: page.nextPageToken ?? null }, 200)
  })

  app.openapi({ ...getRoute, middleware: [reads] as const }, async (c) => {
    const run = await getRun(contextOf(c), c.req.valid('param').run_id)
    const { bucket } = deps.settings
    const explained = await explainRun(contextOf(c), run, { bucket, deliveries: deps.deliveries })
    return c.json({ ...viewRun(run, await getReceipts(contextOf(c), run)), explanation: explained }, 200)
  })

  app.openapi({ ...cancelRoute, middleware: [writes] as const }, async (c) => {
    const run = await cancelRun(contextOf(c), c.req.valid('param').run_id)
    return c.json(viewRun(run), 202)
  })
}

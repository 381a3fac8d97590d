import { InvalidInputError, NotFoundError, toPlatformError } from '@convergence/core/errors.ts'
import { traceIdOf } from '@convergence/runtime/tracing.ts'
import { OpenAPIHono } from '@hono/zod-openapi'
import { bodyLimit } from 'hono/body-limit'
import { cors } from 'hono/cors'
import { HTTPException } from 'hono/http-exception'
import { z } from 'zod'
import { MAX_BODY, type ApiDeps, type ApiEnv } from './environment.ts'
import { problemOf, sendProblem, type ProblemDocument } from './problem.ts'
import { rateLimiter } from './rate-limit.ts'
import { addAdminRoutes } from './routes/admin.ts'
import { addRunRoutes } from './routes/runs.ts'

/**
 * The HTTP API: what a tenant's system and a platform team talk to. A handler here converts, calls a control verb and maps its answer;
 * every refusal is a problem document.
 */
export const createApi = (deps: ApiDeps): OpenAPIHono<ApiEnv> => {
  const { ports, settings } = deps
  const app = new OpenAPIHono<ApiEnv>({ defaultHook: refuseInvalid })
  app.use(async (c, next) => {
    c.set('trace', traceIdOf(c.req.header('traceparent'), ports.random))
    c.header('x-trace-id', c.var.trace)
    c.header('x-content-type-options', 'nosniff')
    await next()
  })
  if (settings.corsOrigins.length > 0)
    app.use(
      '/api/*',
      cors({
        origin: [...settings.corsOrigins],
        allowHeaders: ['content-type', 'x-api-key', 'idempotency-key', 'traceparent'],
      }),
    )
  app.use(
    bodyLimit({
      maxSize: MAX_BODY,
      onError: (c) =>
        sendProblem(
          c,
          plainProblem(413, 'LIMIT_EXCEEDED', `the body is larger than ${MAX_BODY} bytes`, c.get('trace') as string),
        ),
    }),
  )
  app.use('/api/*', async (c, next) => {
    // A body of another type would not be parsed, and count as an empty one.
    const hasBody =
      c.req.method === 'POST' &&
      Number(c.req.header('content-length') ?? (c.req.header('transfer-encoding') ? 1 : 0)) > 0
    const isJson = /^application\/json\b/i.test(c.req.header('content-type') ?? '')
    if (hasBody && !isJson)
      return sendProblem(c, plainProblem(415, 'INVALID_INPUT', 'send the body as application/json', c.var.trace))
    return next()
  })
  addRunRoutes(app, deps, rateLimiter(settings.requestsPerMinute, ports.clock))
  addAdminRoutes(app, deps)
  app.get('/health', (c) => c.json({ status: 'ok', version: settings.version }))
  addDocument(app, settings.version)
  app.notFound((c) =>
    sendProblem(c, problemOf(new NotFoundError(`there is no ${c.req.method} ${c.req.path}`), c.var.trace)),
  )
  app.onError((thrown, c) => {
    if (thrown instanceof HTTPException)
      return sendProblem(c, plainProblem(thrown.status, 'INVALID_INPUT', thrown.message, c.var.trace))
    const error = toPlatformError(thrown)
    if (error.code === 'INTERNAL' || error.code === 'UNAVAILABLE')
      ports.log.error('request failed', { trace: c.var.trace, path: c.req.path, error })
    const retry: Record<string, string> =
      error.retryAfterMs === undefined ? {} : { 'retry-after': String(Math.ceil(error.retryAfterMs / 1000)) }
    return sendProblem(c, problemOf(error, c.var.trace), retry)
  })
  return app
}

const addDocument = (app: OpenAPIHono<ApiEnv>, version: string): void => {
  app.openAPIRegistry.registerComponent('securitySchemes', 'apiKey', {
    type: 'apiKey',
    in: 'header',
    name: 'X-API-Key',
  })
  app.openAPIRegistry.registerComponent('securitySchemes', 'adminKey', {
    type: 'apiKey',
    in: 'header',
    name: 'X-Admin-Key',
  })
  app.doc31('/openapi.json', { openapi: '3.1.0', info: { title: 'Convergence', version } })
}

/** What zod refused, field by field. */
const refuseInvalid = (result: { success: boolean; target?: string; error?: z.ZodError }): void => {
  if (result.success || !result.error) return
  const problems = result.error.issues.map((issue) => ({
    field: [result.target ?? '', ...issue.path].join('.'),
    message: issue.message,
  }))
  throw new InvalidInputError(problems.map(({ field, message }) => `${field}: ${message}`).join('; '), {
    details: { problems },
  })
}

const plainProblem = (status: number, code: string, detail: string, traceId: string): ProblemDocument => ({
  type: `urn:convergence:problem:${status}`,
  title: detail.charAt(0).toUpperCase() + detail.slice(1),
  status,
  code,
  detail,
  trace_id: traceId,
})

export { serveApi, type ApiServer } from './serve.ts'

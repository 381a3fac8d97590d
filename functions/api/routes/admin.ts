import { createApiKey } from '@convergence/control/api-keys/create-api-key.ts'
import { revokeApiKey } from '@convergence/control/api-keys/revoke-api-key.ts'
import { listRuns } from '@convergence/control/runs/list-runs.ts'
import { createTenant } from '@convergence/control/tenants/create-tenant.ts'
import { getTenant } from '@convergence/control/tenants/get-tenant.ts'
import { createRoute, type OpenAPIHono } from '@hono/zod-openapi'
import { z } from 'zod'
import { requireAdmin } from '../auth.ts'
import type { ApiDeps, ApiEnv } from '../environment.ts'
import { problems } from '../schemas.ts'

const security = [{ adminKey: [] }]
const body = <S extends z.ZodType>(schema: S) => ({ content: { 'application/json': { schema } } })
const answer = <S extends z.ZodType>(description: string, schema: S) => ({ description, ...body(schema) })

const tenantSchema = z
  .object({ tenant_id: z.string(), status: z.enum(['active', 'suspended']), created_at: z.string() })
  .meta({ id: 'Tenant' })

const createTenantRoute = createRoute({
  method: 'post',
  path: '/api/v1/admin/tenants',
  summary: 'Create a tenant',
  security,
  request: { body: body(z.strictObject({ tenant_id: z.string().max(100) })) },
  responses: {
    200: answer('It was there already', tenantSchema),
    201: answer('Created', tenantSchema),
    ...problems(400, 401, 403, 413, 415, 503),
  },
})

const statusRoute = createRoute({
  method: 'get',
  path: '/api/v1/admin/tenants/{tenant_id}/status',
  summary: 'State of a tenant and its latest runs',
  security,
  request: { params: z.object({ tenant_id: z.string().max(100) }) },
  responses: {
    200: answer(
      'The tenant',
      tenantSchema.extend({
        latest_runs: z.array(
          z.object({ run_id: z.string(), pipeline_id: z.string(), status: z.string(), requested_at: z.string() }),
        ),
      }),
    ),
    ...problems(401, 403, 404, 503),
  },
})

const scopes = z.array(z.enum(['runs:read', 'runs:write'])).min(1)
const keySchema = z.object({
  key_id: z.string(),
  tenant_id: z.string(),
  scopes,
  expires_at: z.string().nullable(),
  revoked_at: z.string().nullable(),
})

const createKeyRoute = createRoute({
  method: 'post',
  path: '/api/v1/admin/api-keys',
  summary: 'Create an API key; the answer is the only place that ever shows it',
  security,
  request: {
    body: body(
      z.strictObject({
        tenant_id: z.string().max(100),
        scopes: scopes.optional(),
        expires_at: z.iso.datetime().optional(),
      }),
    ),
  },
  responses: {
    201: answer('Created', keySchema.extend({ key: z.string() })),
    ...problems(400, 401, 403, 404, 413, 415, 503),
  },
})

const revokeKeyRoute = createRoute({
  method: 'delete',
  path: '/api/v1/admin/api-keys/{key_id}',
  summary: 'Revoke an API key',
  security,
  request: {
    params: z.object({
      key_id: z.string().regex(/^[0-9a-f]{12}$/, '12 hexadecimal digits: the second part of the key'),
    }),
  },
  responses: { 200: answer('Revoked', keySchema), ...problems(400, 401, 403, 404, 503) },
})

export const addAdminRoutes = (app: OpenAPIHono<ApiEnv>, deps: ApiDeps): void => {
  const admin = requireAdmin(deps)

  app.openapi({ ...createTenantRoute, middleware: [admin] as const }, async (c) => {
    const { document, created } = await createTenant(
      { ports: deps.ports, trace: c.var.trace },
      c.req.valid('json').tenant_id,
    )
    return c.json(
      { tenant_id: document.tenant, status: document.status, created_at: document.createdAt },
      created ? 201 : 200,
    )
  })

  app.openapi({ ...statusRoute, middleware: [admin] as const }, async (c) => {
    const context = { ports: deps.ports, trace: c.var.trace }
    const document = await getTenant(context, c.req.valid('param').tenant_id)
    const { runs } = await listRuns({ ...context, tenant: document.tenant }, { limit: 10 })
    const latest = runs.map((run) => ({
      run_id: run.runId,
      pipeline_id: run.pipelineId,
      status: run.status,
      requested_at: run.requestedAt,
    }))
    return c.json(
      { tenant_id: document.tenant, status: document.status, created_at: document.createdAt, latest_runs: latest },
      200,
    )
  })

  app.openapi({ ...createKeyRoute, middleware: [admin] as const }, async (c) => {
    const input = c.req.valid('json')
    const created = await createApiKey(
      { ports: deps.ports, trace: c.var.trace },
      { tenant: input.tenant_id, scopes: input.scopes ?? ['runs:read', 'runs:write'], expiresAt: input.expires_at },
      deps.settings.pepper,
    )
    return c.json({ ...viewKey(created.document), key: created.key }, 201)
  })

  app.openapi({ ...revokeKeyRoute, middleware: [admin] as const }, async (c) => {
    const key = await revokeApiKey({ ports: deps.ports, trace: c.var.trace }, c.req.valid('param').key_id)
    return c.json(viewKey(key), 200)
  })
}

const viewKey = (key: Awaited<ReturnType<typeof revokeApiKey>>) => ({
  key_id: key.keyId,
  tenant_id: key.tenant,
  scopes: key.scopes,
  expires_at: key.expiresAt ?? null,
  revoked_at: key.revokedAt ?? null,
})

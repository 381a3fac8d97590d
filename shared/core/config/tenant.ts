import { z } from 'zod'
import { bucketName } from './bucket-name.ts'
import { notYet, positiveDurationMs, sizeBytes, tenantId, timeZone } from './fields.ts'

/** `configs/_platform/tenants/{tenant}.yml`: what the operator lets a tenant reach and use. */
const limits = z
  .strictObject({
    /** Runs of all pipelines at the same time, and the most that a pipeline's `concurrency` may be. */
    max_concurrent_runs: z.int().min(1).default(10),
    max_timeout: positiveDurationMs.prefault('24h'),
    /** Of one query. */
    max_bytes_billed: sizeBytes.prefault('1TB'),
    /** Of one HTTP answer, decoded. */
    max_response: sizeBytes.prefault('256MB'),
    /** Of one file, decompressed. */
    max_file: sizeBytes.prefault('100GB'),
    /** Of one source. */
    max_requests_per_minute: z.int().min(1).default(6_000),
    /** Chunks of one step. */
    max_chunks: z.int().min(1).default(1_000_000),
  })
  .prefault({})

const prefix = z.string().regex(/^$|^[^/].*\/$/, 'must end in /, or acme/ would admit acme2, and not start with it')

export const operatorTenantSchema = z.strictObject({
  tenant_id: tenantId.optional(),
  limits,
  /** Of the warehouse; absent: the platform's own. */
  project: z
    .string()
    .regex(/^[a-z][a-z0-9-]{4,28}[a-z0-9]$/, 'must be a project id')
    .optional(),
  location: z
    .string()
    .regex(/^[A-Za-z0-9-]{2,40}$/, 'must be a location such as EU or europe-west1')
    .optional(),
  service_account: notYet(),
  projects: notYet(),
  datasets: notYet(),
  /** Absent prefixes: the whole bucket. */
  buckets: z.array(z.strictObject({ bucket: bucketName, prefixes: z.array(prefix).min(1).default(['']) })).default([]),
  /** `host` or `host:port` that may be connected to although the address is private. */
  hosts: z
    .array(
      z
        .string()
        .regex(
          /^(\[[0-9a-f:]+\]|[a-z0-9]([a-z0-9.-]*[a-z0-9])?)(:\d{1,5})?$/,
          'must be `host` or `host:port`, in lower case',
        ),
    )
    .default([]),
})
export type OperatorTenant = z.output<typeof operatorTenantSchema>

/** `configs/{tenant}/tenant.yml`: the tenant's own settings. */
export const tenantSchema = z.strictObject({
  tenant_id: tenantId.optional(),
  /** Of pipelines that name none. */
  timezone: timeZone.default('UTC'),
  notifications: notYet(),
  webhooks: notYet(),
  masks: notYet(),
  budgets: notYet(),
})
export type TenantFile = z.output<typeof tenantSchema>

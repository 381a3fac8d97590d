import { z } from 'zod'
import { columnName, durationMs, notYet, oneOf, positiveDurationMs, scalar, secretRef, sizeBytes } from './fields.ts'
import { columnType } from './column-type.ts'
import { pagination } from './pagination.ts'
import { shape } from './shape.ts'

export type { Pagination } from './pagination.ts'

const headerName = z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/, 'must be a header name')

/** Values are templates; a list is sent as the parameter repeated. */
const headers = z.record(headerName, z.string()).default({})
const params = z
  .record(z.string().min(1), z.union([scalar, z.array(scalar)], 'must be a value or a list of values'))
  .default({})

const auth = z.discriminatedUnion(
  'type',
  [
    z.strictObject({ type: z.literal('bearer'), token: secretRef }),
    z.strictObject({
      type: z.literal('api_key'),
      in: z.enum(['header', 'query']),
      name: z.string().min(1),
      value: secretRef,
    }),
    z.strictObject({
      type: z.literal('basic'),
      username: z.union([z.string(), secretRef], 'must be a text or { secret: name }'),
      password: secretRef,
    }),
  ],
  { error: oneOf('type', ['bearer', 'api_key', 'basic'], ['oauth2_client_credentials', 'oauth2_refresh_token']) },
)

/** One slot a window; both ends are templates that give a date or an instant. */
const windows = z.strictObject({ from: z.string().min(1), to: z.string().min(1), size: positiveDurationMs })

const incremental = z.strictObject({
  /** Column of the table whose values the cursor counts. */
  cursor: columnName,
  /** Where the first run begins; absent: at the beginning. */
  initial: z.string().min(1).optional(),
  /** Read again so much before the cursor. */
  lookback: durationMs.prefault('0s'),
  /** The window ends so long before the run's logical time, for rows that commit late. */
  lag: durationMs.prefault('0s'),
  /** Cuts the window into slots of this length; absent: one slot. */
  size: positiveDurationMs.optional(),
  on_null: z.enum(['reject', 'include']).default('reject'),
  /** No two rows have one cursor value: what `append` needs of a cursor that is not a time. */
  unique: z.boolean().default(false),
})

/** What a source says for all its resources. */
export const restConnection = {
  base_url: z.url({ protocol: /^https?$/, error: 'must be a URL that starts with https:// or http://' }),
  auth: auth.optional(),
  headers,
  params,
  limits: z
    .strictObject({
      requests_per_minute: z.int().min(1).optional(),
      /** Requests at a time. */
      concurrency: z.int().min(1).max(100).default(4),
      share: notYet(),
    })
    .prefault({}),
  retry: z
    .strictObject({
      max_attempts: z.int().min(1).max(20).default(5),
      statuses: z.array(z.int().min(300).max(599)).default([408, 429, 500, 502, 503, 504]),
      /** Of one wait; a longer Retry-After gives the chunk back to its queue. */
      max_delay: positiveDurationMs.prefault('60s'),
    })
    .prefault({}),
  /** Of one request. */
  timeout: positiveDurationMs.prefault('30s'),
  /** Of one answer, decoded. */
  max_response: sizeBytes.prefault('64MB'),
}

export const restResource = z.strictObject({
  /** Behind the base URL; a template. */
  path: z.string().regex(/^\//, 'must start with /'),
  method: z.enum(['GET', 'POST']).default('GET'),
  headers,
  params,
  /** Texts in it are templates. */
  body: z
    .union(
      [z.strictObject({ json: z.json('must be plain JSON') }), z.strictObject({ form: z.record(z.string(), scalar) })],
      'must be { json: … } or { form: … }',
    )
    .optional(),
  windows: windows.optional(),
  incremental: incremental.optional(),
  /** Path of the records in an answer. */
  records: z.string().min(1),
  /** Columns from ancestors of a record. */
  inherit: z.record(columnName, z.strictObject({ path: z.string().min(1), type: columnType.optional() })).default({}),
  pagination,
  parent: notYet(),
  responses: notYet(),
  /** An API that answers no records said that there are none. False: that fails the step. */
  allow_empty: z.boolean().default(true),
  /** Instead of the source's. */
  timeout: positiveDurationMs.optional(),
  max_response: sizeBytes.optional(),
  ...shape,
})
export type RestResource = z.output<typeof restResource>

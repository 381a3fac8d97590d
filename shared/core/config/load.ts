import { z } from 'zod'
import { columnName, id, notYet, oneOf } from './fields.ts'

const REJECTED = 'must be a number of rows such as 0 or 1000, or a share such as 5%'

/** `0`, `1000` or `5%`: how many of the step's rows may be rejected. */
const maxRejected = z
  .union(
    [z.int(REJECTED).min(0, REJECTED), z.string().regex(/^(\d{1,15}|(100(\.0*)?|\d{1,2}(\.\d{1,6})?)%)$/, REJECTED)],
    REJECTED,
  )
  .transform((value): MaxRejected => {
    if (typeof value === 'string' && value.endsWith('%')) return { percent: Number(value.slice(0, -1)) }
    return { rows: Number(value) }
  })
export type MaxRejected = { readonly rows: number } | { readonly percent: number }

const target = {
  dataset: id,
  table: id,
  /** Schema file; absent: a query's own columns, or inferred from a sample when the step is planned. */
  schema: id.optional(),
  /** DATE, or TIMESTAMP and DATETIME by day. */
  partition_by: columnName.default('ingestion_date'),
  cluster_by: z.array(columnName).max(4, 'at most 4 columns').default([]),
  /** With more, nothing is loaded and the run FAILED. Ingest only. */
  max_rejected: maxRejected.prefault(0),
  contract: notYet(),
}

const appendLoad = z.strictObject({ ...target, strategy: z.literal('append') })

const overwriteLoad = z.strictObject({
  ...target,
  strategy: z.literal('overwrite'),
  /** Days as `YYYY-MM-DD` or templates that give them, or `all`. At most BigQuery's 4,000 a job. Replaced even by nothing; rows outside them are rejected. */
  partitions: z.union(
    [z.literal('all'), z.array(z.string()).min(1).max(4_000)],
    'must be a list of partitions, or `all`',
  ),
})

const mergeLoad = z.strictObject({
  ...target,
  strategy: z.literal('merge'),
  /** NULL equals NULL. */
  keys: z.array(columnName).min(1, 'needs at least one column').max(64),
  /** Of two rows with one key the last by these columns wins; empty: they are an error. */
  order_by: z.array(columnName).max(64).default([]),
  when_deleted: notYet(),
  insert_only: notYet(),
})

export const load = z.discriminatedUnion('strategy', [appendLoad, overwriteLoad, mergeLoad], {
  error: oneOf('strategy', ['append', 'overwrite', 'merge'], ['scd2', 'streaming']),
})
export type Load = z.output<typeof load>

import { z } from 'zod'
import { columnName, notYet } from './fields.ts'
import { columnType } from './column-type.ts'

/** What a resource or file may say about its columns. `columns`, `exclude` and the keys of `rename` are names in the source, the keys of `types` names in the table. */
export const shape = {
  /** Only these. */
  columns: z.array(z.string().min(1)).min(1).max(10_000).optional(),
  /** All but these. */
  exclude: z.array(z.string().min(1)).max(10_000).default([]),
  rename: z.record(z.string(), columnName).default({}),
  types: z.record(columnName, columnType).default({}),
  /** Excess digits of decimals are rounded half to even instead of rejected. */
  round: z.boolean().default(false),
  /** `source` keeps names where BigQuery allows them. */
  naming: z.enum(['snake_case', 'source']).default('snake_case'),
  filter: notYet(),
  mask: notYet(),
}

import { withPlatformFields, type TableRef, type TableSchema } from './table.ts'

/**
 * Where a tenant's rejected rows are. Reject parts carry the columns of RejectedRow, then `step` and `target`, then the platform columns,
 * all in this order, and are loaded by an ordinary append.
 */
export const quarantineTable = (tenant: string): TableRef => ({ tenant, dataset: 'quarantine', table: 'rejected_rows' })

/** Constants of a reject part, before the platform columns. */
export const QUARANTINE_CONSTANTS = [
  { name: 'step', type: 'STRING', mode: 'REQUIRED', description: 'Step that rejected the row' },
  {
    name: 'target',
    type: 'STRING',
    mode: 'REQUIRED',
    description: 'Table that the row was meant for, or taken from: dataset.table',
  },
] as const satisfies TableSchema

export const QUARANTINE_SCHEMA: TableSchema = withPlatformFields([
  { name: 'origin', type: 'STRING', mode: 'REQUIRED', description: 'File, request or table that the row came from' },
  {
    name: 'position',
    type: 'INT64',
    mode: 'NULLABLE',
    description: 'Record in its origin, 1 is the first; NULL for a row of a table',
  },
  {
    name: 'column',
    type: 'STRING',
    mode: 'NULLABLE',
    description: 'Column that did not fit; NULL: the row as a whole',
  },
  { name: 'value', type: 'STRING', mode: 'NULLABLE', description: 'The value of that column as text' },
  { name: 'reason', type: 'STRING', mode: 'REQUIRED', description: 'Why the row was rejected' },
  { name: 'raw', type: 'STRING', mode: 'REQUIRED', description: 'The whole row as JSON text' },
  ...QUARANTINE_CONSTANTS,
])

import type { TestProject, TestTenant } from './project.ts'

const SCHEMA = [
  { name: 'id', type: 'INT64', mode: 'REQUIRED' },
  { name: 'day', type: 'DATE' },
  { name: 'amount', type: 'NUMERIC' },
]

export interface FileSetup {
  /** As it stands in the source's file. */
  readonly file?: string
  /** As it stands in the step. */
  readonly load?: string
  readonly schema?: readonly object[]
  readonly operator?: string
}

/** A tenant whose pipeline `lines` loads the uploaded file `lines.csv` into `raw.lines` (id, day, amount). */
export const fileTenant = async (project: TestProject, id: string, setup: FileSetup = {}): Promise<TestTenant> => {
  const tenant = await project.tenant(id, setup.operator)
  tenant.write('schemas/lines.json', JSON.stringify(setup.schema ?? SCHEMA))
  tenant.write(
    'sources/files.yml',
    `source_id: files
type: object_storage
bucket: ${id}-uploads
files:
  lines: { ${setup.file ?? 'glob: lines.csv, format: csv'} }
`,
  )
  tenant.write(
    'pipelines/lines.yml',
    `pipeline_id: lines
parameters: { day: { type: date, default: "2026-01-31" }, most: { type: integer, default: 1 } }
steps:
  - step_id: lines
    type: ingest
    source: files.lines
    load: { dataset: raw, table: lines, ${setup.load ?? 'schema: lines, strategy: append'} }
    retry: { max_attempts: 2, backoff: 10ms }
`,
  )
  return tenant
}

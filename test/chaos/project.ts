import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DAYS, dayAt, type Batch, type LineRow } from './batch.ts'

export const TENANT = 'acme'
const BUCKET = 'drops'

/** What no kill and no short fault may use up: kills count as attempts. */
const RETRY = 'retry: { max_attempts: 20, backoff: 100ms }'

const schema = (...columns: string[]): string =>
  JSON.stringify(
    columns.map((column) => {
      const [name, type, mode = 'NULLABLE'] = column.split(' ')
      return { name, type, mode }
    }),
  )

const filesOf = (port: number): Readonly<Record<string, string>> => ({
  [`configs/_platform/tenants/${TENANT}.yml`]: `buckets: [{ bucket: ${BUCKET} }]
hosts: ["127.0.0.1:${port}"]
limits: { max_concurrent_runs: 20, max_requests_per_minute: 1000000 }
`,
  [`configs/${TENANT}/tenant.yml`]: 'timezone: UTC\n',
  [`configs/${TENANT}/schemas/lines.json`]: schema('batch INT64', 'id INT64 REQUIRED', 'amount NUMERIC'),
  [`configs/${TENANT}/schemas/items.json`]: schema('id INT64 REQUIRED', 'batch INT64', 'day DATE', 'amount NUMERIC'),
  [`configs/${TENANT}/sources/files.yml`]: `source_id: files
type: object_storage
bucket: ${BUCKET}
files:
  lines: { glob: "{{ parameters.object }}.*.csv", format: csv }
  orders: { glob: "orders/{{ parameters.batch }}.*.csv", format: csv }
`,
  [`configs/${TENANT}/sources/api.yml`]: `source_id: api
type: rest_api
base_url: http://127.0.0.1:${port}
retry: { max_attempts: 2, max_delay: 200ms }
resources:
  items:
    path: /items
    params: { batch: "{{ parameters.batch }}", from: "{{ window.start }}" }
    windows: { from: "${dayAt(0)}", to: "${dayAt(DAYS)}", size: 1d }
    records: "data[*]"
    pagination: { type: cursor, next: next, param: after }
`,
  // Uploaded, appended.
  [`configs/${TENANT}/pipelines/lines.yml`]: `pipeline_id: lines
on_upload: { bucket: ${BUCKET}, glob: "lines/*.go" }
parameters: { object: { type: string, required: true } }
steps:
  - { step_id: lines, type: ingest, source: files.lines, load: { dataset: raw, table: lines, schema: lines, strategy: append }, ${RETRY} }
`,
  // From an API, merged.
  [`configs/${TENANT}/pipelines/items.yml`]: `pipeline_id: items
parameters: { batch: { type: integer, required: true } }
steps:
  - { step_id: items, type: ingest, source: api.items, load: { dataset: raw, table: items, schema: items, strategy: merge, keys: [id] }, ${RETRY} }
`,
  // Rows rejected and rows quarantined, then summed up.
  [`configs/${TENANT}/pipelines/orders.yml`]: `pipeline_id: orders
parameters: { batch: { type: integer, required: true } }
steps:
  - { step_id: orders, type: ingest, source: files.orders, load: { dataset: raw, table: orders, schema: lines, strategy: append, max_rejected: 60% }, ${RETRY} }
  - { step_id: checks, type: dq, rules: order_rules, table: raw.orders, scope: run, ${RETRY} }
  - { step_id: sums, type: transform, sql: silver/sums, load: { dataset: silver, table: sums, strategy: append }, ${RETRY} }
`,
  [`configs/${TENANT}/dq_rules/order_rules.yml`]: `rules_id: order_rules
expectations:
  - { expectation_type: expect_column_values_to_be_between, kwargs: { column: amount, min_value: 0 }, severity: warning, quarantine: true }
`,
  'sql/silver/sums.sql':
    'SELECT batch, COUNT(*) AS orders, SUM(amount) AS amount FROM {{ raw.orders }} WHERE batch = @batch GROUP BY batch\n',
})

/** Pipelines, one run of each a batch. */
export const PIPELINES = ['lines', 'items', 'orders'] as const
export type PipelineId = (typeof PIPELINES)[number]

/** The file whose upload starts the run. */
export const uploadOf = (batch: number): string => `lines/${batch}.go`

export const pipelineFile = (id: PipelineId): string => `configs/${TENANT}/pipelines/${id}.yml`

export const localFolder = (root: string): string => join(root, '.convergence')

export const writeProject = (root: string, port: number): void => {
  for (const [path, text] of Object.entries(filesOf(port))) write(root, path, text)
}

/** Puts the batch's files into the watched folder, the one that starts the run as the last. */
export const dropFiles = (root: string, batch: Batch): void => {
  const dropped = `.convergence/buckets/${BUCKET}`
  for (const [index, rows] of batch.orders.entries())
    write(root, `${dropped}/orders/${batch.number}.${index}.csv`, csvOf(rows))
  for (const [index, rows] of batch.lines.entries())
    write(root, `${dropped}/${uploadOf(batch.number)}.${index}.csv`, csvOf(rows))
  write(root, `${dropped}/${uploadOf(batch.number)}`, 'go\n')
}

const csvOf = (rows: readonly LineRow[]): string =>
  `batch,id,amount\n${rows.map(({ batch, id, amount }) => `${batch},${id},${amount}\n`).join('')}`

const write = (root: string, path: string, text: string): void => {
  const target = join(root, path)
  mkdirSync(dirname(target), { recursive: true })
  writeFileSync(`${target}.part`, text)
  renameSync(`${target}.part`, target)
}

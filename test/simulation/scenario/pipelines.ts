import { loadTenantConfig } from '@convergence/core/config/load-config.ts'
import type { ConfigSnapshot } from '@convergence/core/config/snapshot.ts'
import type { Release } from '../cloud.ts'

/**
 * The tenants' files: what each pipeline loads, and how. Their names are alike on purpose. Several pipelines load one table, so that it
 * has several writers beside those that a pipeline's own concurrency gives.
 */
export const TENANTS = ['acme', 'acme2'] as const
export const BUCKET = 'drops'
/** Name of the secret that the API wants. */
export const API_KEY = 'api_key'
export const DAYS = ['2026-01-01', '2026-01-02', '2026-01-03'] as const

/** What the checkers know of a step: where it loads, and by which strategy. */
export interface StepFacts {
  readonly stepId: string
  readonly table: string
  readonly strategy: 'append' | 'overwrite' | 'merge'
  /** Days that an overwrite replaces. */
  readonly days?: readonly string[]
  /** Cursor column of an incremental step. */
  readonly cursor?: 'updated_at' | 'seq'
}

interface PipelineFacts {
  readonly steps: readonly StepFacts[]
  /** Stands in the YAML before the steps. */
  readonly settings: string
  /** One a step: its source, `on_failure` and the like. */
  readonly lines: readonly string[]
}

const COMMON = 'max_rejected: 50%, partition_by: day'
const RETRY = 'retry: { max_attempts: 6, backoff: 1s }'
const ingest = (stepId: string, source: string, load: string, more = ''): string =>
  `  - { step_id: ${stepId}, type: ingest, source: ${source}, ${RETRY}, load: { dataset: raw, ${load}, ${COMMON} }${more} }`

const loading = (
  source: string,
  facts: Omit<StepFacts, 'stepId'> & { readonly load: string; readonly schema?: string },
  settings = 'concurrency: 2\ntimeout: TIMEOUT',
): PipelineFacts => {
  const { load, schema = 'schema: rows', ...rest } = facts
  const comma = schema === '' ? '' : ', '
  const text = `table: ${facts.table}, ${schema}${comma}${load}`
  return { steps: [{ stepId: 'rows', ...rest }], settings, lines: [ingest('rows', source, text)] }
}

const append = { table: 'append', strategy: 'append', load: 'strategy: append' } as const
const merge = { table: 'merge', strategy: 'merge', load: 'strategy: merge, keys: [id]' } as const
const overwrite = (days: readonly string[]) =>
  ({
    table: 'overwrite',
    strategy: 'overwrite',
    days,
    load: `strategy: overwrite, partitions: [${days.join(', ')}]`,
  }) as const

const graph = (onFailure: string): PipelineFacts => ({
  settings: 'concurrency: 1\ntimeout: TIMEOUT',
  steps: [
    { stepId: 'a', table: 'graph_a', strategy: 'append' },
    { stepId: 'b', table: 'graph_b', strategy: 'append' },
    { stepId: 'copy', table: 'copy', strategy: 'append' },
  ],
  lines: [
    ingest(
      'a',
      'files.a',
      'table: graph_a, schema: rows, strategy: append',
      ', needs: [], gate: small, on_failure: continue',
    ),
    ingest('b', 'files.b', 'table: graph_b, schema: rows, strategy: append', `, needs: [], on_failure: ${onFailure}`),
    `  - { step_id: copy, type: transform, needs: [a], sql: silver/copy, ${RETRY}, load: { dataset: silver, table: copy, schema: rows, partition_by: day, strategy: append } }`,
  ],
})

const PIPELINES = {
  append: loading('files.rows', append),
  append_again: loading('files.rows', append),
  hasty: loading('files.rows', append, 'concurrency: 2\ntimeout: 15m'),
  overwrite: loading('files.rows', overwrite(DAYS.slice(0, 2))),
  overwrite_again: loading('files.rows', overwrite(DAYS.slice(1, 3))),
  merge: loading('files.rows', merge),
  merge_again: loading('files.rows', merge),
  inferred: loading('files.rows', { ...append, table: 'inferred', schema: '' }),
  feed: loading('api.feed', { ...append, table: 'feed', schema: 'schema: feed', cursor: 'updated_at' }),
  numbers: loading('api.numbers', { ...append, table: 'numbers', schema: 'schema: numbers', cursor: 'seq' }),
  list: loading('api.list', {
    table: 'list',
    strategy: 'merge',
    load: 'strategy: merge, keys: [id], order_by: [amount]',
  }),
  graph: graph('continue'),
  graph_stops: graph('stop'),
  graph_alerts: graph('alert'),
} as const satisfies Record<string, PipelineFacts>

export type PipelineId = keyof typeof PIPELINES

/** Of which table, by which strategy the steps of a pipeline load, or those of all. */
export const stepFacts = (pipelineId?: PipelineId): readonly StepFacts[] =>
  (pipelineId === undefined ? Object.values(PIPELINES) : [PIPELINES[pipelineId]]).flatMap(({ steps }) => steps)

const ROWS = [
  { name: 'id', type: 'STRING' },
  { name: 'day', type: 'DATE' },
  { name: 'amount', type: 'NUMERIC' },
]

const filesOf = (tenant: string, timeout: string): ReadonlyMap<string, string> => {
  const glob = (suffix: string) =>
    `{ glob: "${tenant}/{{ parameters.object }}${suffix}*", format: csv, allow_empty: true }`
  const own = (path: string, text: string): [string, string] => [`configs/${tenant}/${path}`, text]
  const resource = (name: string, params: string, more: string) =>
    `  ${name}: { path: /${name}, params: { object: "{{ parameters.object }}"${params} }, records: "data[*]", ${more} }`
  return new Map([
    [
      `configs/_platform/tenants/${tenant}.yml`,
      `buckets: [{ bucket: ${BUCKET}, prefixes: [${tenant}/] }]\nlimits: { max_concurrent_runs: 50 }\n`,
    ],
    own('tenant.yml', 'timezone: UTC\n'),
    own('schemas/rows.json', JSON.stringify(ROWS)),
    own('schemas/feed.json', JSON.stringify([...ROWS, { name: 'updated_at', type: 'TIMESTAMP' }])),
    own('schemas/numbers.json', JSON.stringify([...ROWS, { name: 'seq', type: 'INT64' }])),
    own(
      'dq_rules/small.yml',
      `rules_id: small\nexpectations: [{ expectation_type: expect_table_row_count_to_be_between, kwargs: { max_value: ${GATE_ROWS} } }]\n`,
    ),
    [
      'sql/silver/copy.sql',
      '-- One row is a row of graph_a as it stood when the copy was made.\nSELECT id, day, amount FROM {{ raw.graph_a }}\n',
    ],
    own(
      'sources/files.yml',
      `source_id: files\ntype: object_storage\nbucket: ${BUCKET}\nfiles: { rows: ${glob('')}, a: ${glob('.a')}, b: ${glob('.b')} }\n`,
    ),
    own(
      'sources/api.yml',
      `source_id: api
type: rest_api
base_url: https://${tenant}.test
auth: { type: bearer, token: { secret: ${API_KEY} } }
retry: { max_attempts: 1 }
limits: { concurrency: 100 }
resources:
${resource('feed', ', start: "{{ window.start }}", end: "{{ window.end }}"', 'pagination: { type: cursor, next: next, param: page, total: total }, incremental: { cursor: updated_at, initial: "2026-01-01", lag: 30m }')}
${resource('numbers', ', after: "{{ cursor }}"', 'pagination: { type: cursor, next: next, param: page }, incremental: { cursor: seq, initial: "0", unique: true }')}
${resource('list', '', 'pagination: { type: offset, limit: 3 }')}
`,
    ),
    ...Object.entries(PIPELINES).map(([id, { settings, lines }]) =>
      own(
        `pipelines/${id}.yml`,
        `pipeline_id: ${id}\n${settings.replace('TIMEOUT', timeout)}\non_upload: { bucket: ${BUCKET}, glob: "${tenant}/${id}/*/go" }\nsteps:\n${lines.join('\n')}\n`,
      ),
    ),
  ])
}

/** More staged rows than these do not pass the gate of the graphs' step `a`. */
export const GATE_ROWS = 9

const snapshotOf = (tenant: string, timeout: string): ConfigSnapshot => {
  const loaded = loadTenantConfig(tenant, filesOf(tenant, timeout))
  if ('problems' in loaded) throw new Error(loaded.problems.map(({ message }) => message).join('\n'))
  return loaded.snapshot
}

/** What stands there at first, and what a deployment puts in its place while runs are under way. */
const RELEASES: readonly Release[] = [
  { lanes: 3, timeout: '20h' },
  { lanes: 1, timeout: '21h' },
  { lanes: 5, timeout: '22h' },
].map(({ lanes, timeout }) => ({ lanes, configs: TENANTS.map((tenant) => snapshotOf(tenant, timeout)) }))

/**
 * The same for one seed. `salt` makes an operator's limit another, and changes nothing else: what a connector remembers in its process
 * for a source is then forgotten between two seeds, as it is between two processes.
 */
export const releasesOf = (salt: number): readonly Release[] =>
  RELEASES.map(({ lanes, configs }) => ({
    lanes,
    configs: configs.map((snapshot) => {
      const limits = { ...snapshot.operator.limits, max_requests_per_minute: 1_000_000 + salt }
      return { ...snapshot, operator: { ...snapshot.operator, limits } }
    }),
  }))

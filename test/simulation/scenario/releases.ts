import { loadTenantConfig } from '@convergence/core/config/load-config.ts'
import type { ConfigSnapshot } from '@convergence/core/config/snapshot.ts'
import type { Release } from '../cloud.ts'

import { API_KEY, BUCKET, GATE_ROWS, PIPELINES, TENANTS } from './pipelines.ts'

/** The tenants' files, as the product reads them. */
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

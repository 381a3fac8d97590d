import { loadTenantConfig } from '@convergence/core/config/load-config.ts'
import type { ConfigSnapshot } from '@convergence/core/config/snapshot.ts'
import type { Release } from './cloud.ts'
import type { Prng } from './prng.ts'

/**
 * What a seed plays: two tenants of like names, three pipelines that an upload starts (one for each strategy), and uploads of some files
 * with few rows, bad ones among them. Imports nothing that decides what the tables must hold.
 */
export const TENANTS = ['acme', 'acme2'] as const
export const BUCKET = 'drops'
const DAYS = ['2026-01-01', '2026-01-02', '2026-01-03']
const PIPELINES = ['append', 'overwrite', 'merge'] as const
type PipelineId = (typeof PIPELINES)[number]

const LOADS: Readonly<Record<PipelineId, string>> = {
  append: 'strategy: append',
  overwrite: `strategy: overwrite, partitions: [${DAYS.slice(0, 2).join(', ')}], partition_by: day`,
  merge: 'strategy: merge, keys: [id]',
}

const snapshotOf = (tenant: string, timeout: string): ConfigSnapshot => {
  const loaded = loadTenantConfig(tenant, files(tenant, timeout))
  if ('problems' in loaded) throw new Error(loaded.problems.map(({ message }) => message).join('\n'))
  return loaded.snapshot
}

const files = (tenant: string, timeout: string): ReadonlyMap<string, string> => {
  const list: [string, string][] = [
    [
      `configs/_platform/tenants/${tenant}.yml`,
      `buckets: [{ bucket: ${BUCKET}, prefixes: [${tenant}/] }]\nlimits: { max_concurrent_runs: 50 }\n`,
    ],
    [`configs/${tenant}/tenant.yml`, 'timezone: UTC\n'],
    [
      `configs/${tenant}/schemas/rows.json`,
      JSON.stringify([
        { name: 'id', type: 'STRING' },
        { name: 'day', type: 'DATE' },
        { name: 'amount', type: 'NUMERIC' },
      ]),
    ],
  ]
  for (const id of PIPELINES) {
    list.push([
      `configs/${tenant}/sources/${id}_files.yml`,
      `source_id: ${id}_files\ntype: object_storage\nbucket: ${BUCKET}\nfiles: { rows: { glob: "${tenant}/{{ parameters.object }}*", format: csv, allow_empty: true } }\n`,
    ])
    list.push([
      `configs/${tenant}/pipelines/${id}.yml`,
      `pipeline_id: ${id}
concurrency: 2
timeout: ${timeout}
on_upload: { bucket: ${BUCKET}, glob: "${tenant}/${id}/*/go" }
steps:
  - { step_id: rows, type: ingest, source: ${id}_files.rows, retry: { max_attempts: 6, backoff: 1s }, load: { dataset: raw, table: ${id}, schema: rows, max_rejected: 50%, ${LOADS[id]} } }
`,
    ])
  }
  return new Map(list)
}

/** What stands there at first, and what a deployment puts in its place while runs are under way. */
export const RELEASES: readonly Release[] = [
  { lanes: 3, timeout: '20h' },
  { lanes: 1, timeout: '21h' },
  { lanes: 5, timeout: '22h' },
].map(({ lanes, timeout }) => ({ lanes, configs: TENANTS.map((tenant) => snapshotOf(tenant, timeout)) }))

export interface Upload {
  readonly tenant: string
  readonly pipelineId: PipelineId
  /** Name of the object that starts the run; its files begin with it. */
  readonly object: string
  readonly files: readonly { readonly name: string; readonly text: string }[]
  readonly good: readonly { readonly id: string; readonly day: string; readonly amount: string }[]
  readonly bad: number
  readonly poisoned: boolean
  readonly atMs: number
  readonly cancelAfterMs: number | undefined
}

/** Uploads of one seed. Ids tell who they are of: a row that turns up elsewhere is seen. */
export const uploadsOf = (random: Prng): Upload[] => {
  const uploads: Upload[] = []
  const count = 3 + random.below(4)
  for (let n = 0; n < count; n++) uploads.push(uploadOf(random, n))
  return uploads
}

const uploadOf = (random: Prng, n: number): Upload => {
  const tenant = random.pick(TENANTS)
  const pipelineId = random.pick(PIPELINES)
  const object = `${tenant}/${pipelineId}/${n}/go`
  const poisoned = random.chance(0.05)
  const good: { id: string; day: string; amount: string }[] = []
  let bad = 0
  const chunks = random.chance(0.05) ? 0 : 1 + random.below(7)
  const list = Array.from({ length: chunks }, (_, file) => {
    const lines = ['id,day,amount']
    for (let row = 0; row < 1 + random.below(3); row++) {
      // Keys of merges meet in other uploads; all others are of this one only.
      const id =
        pipelineId === 'merge'
          ? `k${n}-${file}-${row}`.replace(/^k\d+/, random.chance(0.5) ? 'k' : `k${n}`)
          : `r${n}-${file}-${row}`
      const day = random.pick(DAYS.slice(0, 2))
      if (random.chance(0.1)) {
        bad++
        lines.push(`${id},${day},bad`)
        continue
      }
      good.push({ id, day, amount: String(n) })
      lines.push(`${id},${day},${n}`)
    }
    if (poisoned && file === 0) lines.push('poison,x,1')
    return { name: `${tenant}/${object}.${file}.csv`, text: `${lines.join('\n')}\n` }
  })
  return {
    tenant,
    pipelineId,
    object,
    files: list,
    good,
    bad,
    poisoned: poisoned && chunks > 0,
    atMs: random.below(30_000),
    cancelAfterMs: random.chance(0.15) ? random.below(120_000) : undefined,
  }
}

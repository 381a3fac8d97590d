import { linkSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { projectAt, type Project } from '@convergence/cli/project.ts'
import { openEmbedded } from '@convergence/cli/embedded.ts'
import type { Platform } from '@convergence/cli/platform/platform.ts'
import { lineitemColumns, type AmountType } from './csv-lineitem.ts'

export const TENANT = 'bench'
const BUCKET = 'bench-uploads'
/** Where a run's rows are. */
export const TABLE = 'bench.bench_raw.lineitem'
export const warehouseOf = (root: string): string => join(projectAt(root).local, 'warehouse.duckdb')

/** A project with one pipeline, `load`, that appends a source's rows to raw.lineitem. YAML may be JSON. */
export const writeProject = (
  root: string,
  amounts: AmountType,
  parts: { readonly operator: object; readonly source: object },
): Project => {
  const write = (path: string, value: unknown): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), JSON.stringify(value))
  }
  write(`configs/_platform/tenants/${TENANT}.yml`, parts.operator)
  write(`configs/${TENANT}/tenant.yml`, { timezone: 'UTC' })
  write(`configs/${TENANT}/sources/source.yml`, { source_id: 'source', ...parts.source })
  write(`configs/${TENANT}/schemas/lineitem.json`, lineitemColumns(amounts))
  write(`configs/${TENANT}/pipelines/load.yml`, {
    pipeline_id: 'load',
    steps: [
      {
        step_id: 'lineitem',
        type: 'ingest',
        source: 'source.lineitem',
        load: { dataset: 'raw', table: 'lineitem', schema: 'lineitem', strategy: 'append' },
      },
    ],
  })
  return projectAt(root)
}

/** A project whose bucket holds the file, as an upload would leave it. */
export const writeFileProject = (root: string, amounts: AmountType, csv: string): void => {
  const { local } = writeProject(root, amounts, {
    operator: { buckets: [{ bucket: BUCKET }] },
    source: { type: 'object_storage', bucket: BUCKET, files: { lineitem: { glob: 'lineitem.csv', format: 'csv' } } },
  })
  mkdirSync(join(local, 'buckets', BUCKET), { recursive: true })
  linkSync(csv, join(local, 'buckets', BUCKET, 'lineitem.csv'))
}

/** What `convergence run bench/load` does, from opening the project to its end. */
export const runLoad = async (root: string): Promise<void> => {
  const embedded = await openEmbedded(projectAt(root), {})
  try {
    await embedded.platform.createTenant({ tenant: TENANT })
    await embedded.work()
    await finish(embedded.platform)
  } finally {
    await embedded.close()
  }
}

const LOOK_EVERY_MS = 50
/** Longer than any run of a bench on a slow machine: one that hangs is told with where it stands. */
const END_WITHIN_MS = 20 * 60_000

/** Asks for the run, and waits for its end. Throws when it is not green, or does not end. */
export const finish = async (platform: Platform): Promise<void> => {
  const { runId } = await platform.requestRun({ tenant: TENANT, pipelineId: 'load', parameters: {} })
  for (const startedMs = Date.now(); ;) {
    const { run, ...look } = await platform.lookAtRun({ runId })
    if (run.status === 'SUCCEEDED') return
    if (run.ended_at !== null) throw new Error(`the run ended ${run.status}: ${run.error?.message}`)
    if (look.givenUp) throw new Error(`the run is not carried on: ${look.givenUp.reason}`)
    if (Date.now() - startedMs > END_WITHIN_MS)
      throw new Error(`the run has not ended in ${END_WITHIN_MS / 60_000} minutes: ${JSON.stringify({ run, ...look })}`)
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
  }
}

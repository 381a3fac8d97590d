import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { projectAt, readConfigFiles } from '@convergence/cli/project.ts'
import { publishConfig } from '@convergence/gcp/configs/publish-config.ts'
import { CloudStorageObjectStore } from '@convergence/gcp/object-store.ts'
import { systemRandom } from '@convergence/gcp/random.ts'
import { tenantFiles, type Json, type TenantFiles } from '../../e2e/flow.ts'
import { ADMIN_KEY, BUCKET, type Cloud } from './cloud.ts'

/** A run as the API shows it. */
interface RunView {
  readonly run_id: string
  readonly status: string
  readonly pipeline_id: string
  readonly steps: readonly {
    readonly step_id: string
    readonly status: string
    readonly error?: { readonly message: string }
  }[]
}

/** A tenant that knows the platform by its HTTP API alone; only its configs are published behind it. */
export interface CloudTenant extends TenantFiles {
  /** Makes what was written the tenant's config. */
  readonly publish: () => Promise<void>
  readonly start: (pipelineId: string, parameters?: Json) => Promise<string>
  readonly runs: () => Promise<readonly RunView[]>
  /** Waits for its end. */
  readonly ended: (runId: string) => Promise<RunView>
  readonly remove: () => void
}

const LOOK_MS = 200
const ENDED = ['SUCCEEDED', 'FAILED', 'CANCELLED']

/** `prepare` writes its first files. */
export const openCloudTenant = async (
  { urls, clients, troubles }: Cloud,
  { id, apiPort, prepare }: { id: string; apiPort: number; prepare: (files: TenantFiles) => void },
): Promise<CloudTenant> => {
  const root = mkdtempSync(join(tmpdir(), 'convergence-cloud-'))
  const files = tenantFiles({ root, id, port: apiPort })
  const objects = new CloudStorageObjectStore({ storage: await clients.storage(), random: systemRandom })
  const call = async <T>(method: string, path: string, headers: Record<string, string>, body?: unknown): Promise<T> => {
    const answer = await fetch(`${urls.api}/api/v1${path}`, {
      method,
      headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const said = await answer.text()
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${said}\n${troubles()}`)
    return JSON.parse(said) as T
  }
  const publish = async (): Promise<void> => {
    const all = readConfigFiles(projectAt(root))
    await publishConfig({ objects, bucket: BUCKET, tenant: id, files: all })
  }
  prepare(files)
  await publish()
  const admin = { 'x-admin-key': ADMIN_KEY }
  await call('POST', '/admin/tenants', admin, { tenant_id: id })
  const { key } = await call<{ key: string }>('POST', '/admin/api-keys', admin, { tenant_id: id })
  const own = { 'x-api-key': key }
  let asked = 0
  return {
    ...files,
    publish,
    start: async (pipelineId, parameters = {}) => {
      const headers = { ...own, 'idempotency-key': `run-${asked++}` }
      return (await call<{ run_id: string }>('POST', `/pipelines/run/${pipelineId}`, headers, { parameters })).run_id
    },
    runs: async () => (await call<{ runs: RunView[] }>('GET', '/pipelines/runs', own)).runs,
    ended: async (runId) => {
      for (;;) {
        const run = await call<RunView>('GET', `/pipelines/runs/${runId}`, own)
        if (ENDED.includes(run.status)) return run
        await wait(LOOK_MS)
      }
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
  }
}

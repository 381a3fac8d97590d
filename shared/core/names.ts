import { hashOf } from './hash.ts'
import type { TableRef } from './table.ts'
import { tableName } from './table.ts'

/** Where everything is: keys of state documents and names of objects. What is derived here is stored where it was derived first. */

// State documents.
export const runKey = (runId: string) => `runs/${runId}`
export const activeKey = (tenant: string, runId: string) => `active/${tenant}/${runId}`
export const activePrefix = (tenant: string) => `active/${tenant}/`
/** Of all tenants: who sweeps. */
export const allActivePrefix = 'active/'
export const slotKey = (tenant: string, pipelineId: string, slot: number) => `slots/${tenant}/${pipelineId}/${slot}`
export const ledgerKey = (table: TableRef) => `ledgers/${table.tenant}/${tableName(table)}`
export const cursorKey = (tenant: string, pipelineId: string, stepId: string) =>
  `cursors/${tenant}/${pipelineId}/${stepId}`
export const receiptKey = (runId: string, stepId: string) => `receipts/${runId}/${stepId}`
/** Ended runs whose files are still there, the oldest first. `endedAt` is an ISO instant. */
export const expiryKey = (endedAt: string, tenant: string, runId: string) =>
  `${expiryPrefix}${endedAt}/${tenant}/${runId}`
export const expiryPrefix = 'expiry/'
export const tenantKey = (tenant: string) => `tenants/${tenant}`
export const tenantsPrefix = 'tenants/'
export const apiKeyKey = (keyId: string) => `api-keys/${keyId}`

/** Newest first: lists are read in key order. `at` is an ISO instant. */
export const runIndexKey = (tenant: string, pipelineId: string, at: string, runId: string) =>
  `${runIndexPrefix(tenant, pipelineId)}${newestFirst(at)}/${runId}`
export const runIndexPrefix = (tenant: string, pipelineId: string) => `run-index/${tenant}/${pipelineId}/`
/** All pipelines of a tenant. */
export const tenantRunIndexKey = (tenant: string, at: string, runId: string) =>
  `${tenantRunIndexPrefix(tenant)}${newestFirst(at)}/${runId}`
export const tenantRunIndexPrefix = (tenant: string) => `tenant-run-index/${tenant}/`

const newestFirst = (at: string): string => String(9_999_999_999_999 - Date.parse(at)).padStart(13, '0')

// Objects, in the platform's bucket.
export const runFolder = (tenant: string, runId: string) => `${tenant}/runs/${runId}/`
const stepFolder = (at: StepAddress) => `${runFolder(at.tenant, at.runId)}${at.stepId}`

export interface StepAddress {
  readonly tenant: string
  readonly runId: string
  readonly stepId: string
}

export const planName = (at: StepAddress) => `${stepFolder(at)}/plan.json`
export const planShardName = (at: StepAddress, attempt: string, shard: number) =>
  `${stepFolder(at)}/plan/${attempt}/${shard}.json`
/** Why the step stands still. */
export const waitName = (at: StepAddress) => `${stepFolder(at)}/wait.json`
/** Rows of a quarantine that are typed again, as the planner of that attempt found them. */
export const quarantinedName = (at: StepAddress, attempt: string, index: number) =>
  `${stepFolder(at)}/quarantined/${attempt}/${index}.ndjson`
/** A hash before the number spreads the chunks of a step over the store's key ranges. */
const chunkFolder = (at: StepAddress, chunk: number) =>
  `${stepFolder(at)}/chunks/${hashOf([at.runId, at.stepId, String(chunk)], 4)}-${chunk}`
export const markerName = (at: StepAddress, chunk: number) => `${chunkFolder(at, chunk)}/marker.json`
export const linkName = (at: StepAddress, chunk: number, link: number) => `${chunkFolder(at, chunk)}/link-${link}.json`
export const partName = (at: StepAddress, chunk: number, link: number, attempt: string, part: number) =>
  `${chunkFolder(at, chunk)}/${link}-${attempt}-part-${part}.parquet`
export const rejectName = (at: StepAddress, chunk: number, link: number, attempt: string, part: number) =>
  `${chunkFolder(at, chunk)}/${link}-${attempt}-reject-${part}.parquet`
export const manifestName = (at: StepAddress) => `${stepFolder(at)}/manifest.json`
export const manifestShardName = (at: StepAddress, shard: number) =>
  `${stepFolder(at)}/manifest/${hashOf([at.runId, at.stepId, 'm', String(shard)], 4)}-${shard}.json`

export const chunkId = (stepId: string, chunk: number) => `${stepId}-${chunk}`

/** Hashed: sequential prefixes of task names raise latency. */
export const taskName = (parts: readonly (string | number)[]) => hashOf(parts.map(String), 32)

/** Stem of a step's publishing jobs; attempts are `{stem}-a1`, `-a2`, … */
export const jobStem = (at: StepAddress, content: string) =>
  `convergence-${hashOf([at.tenant, at.runId, at.stepId, content], 40)}`
export const attemptId = (stem: string, attempt: number) => `${stem}-a${attempt}`

/** Results of a step's checks: `judged` before the samples of what failed were fetched, `final` with them. */
export const checksName = (at: StepAddress, phase: string, state: 'judged' | 'final') =>
  `${stepFolder(at)}/checks/${phase}-${state}.json`

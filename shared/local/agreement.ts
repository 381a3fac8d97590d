import { PlatformError } from '@convergence/core/errors.ts'
import { receiptKey, runKey, tenantRunIndexPrefix, tenantsPrefix } from '@convergence/core/names.ts'
import type { StateStore } from '@convergence/core/ports/state-store.ts'
import { receipt } from '@convergence/core/receipt.ts'
import { runDocument, type Run } from '@convergence/core/run/run.ts'
import type { DuckDbWarehouse } from './warehouse.ts'

/** Enough to see that an end is missing: what is lost with it is what was written last. */
const LAST_JOBS = 50
const LAST_RUNS = 5

interface Both {
  readonly state: StateStore
  readonly warehouse: DuckDbWarehouse
  /** Of the files. */
  readonly folder: string
}

/**
 * State file and warehouse are two files, each with its log beside it; a log that was cut, or a file that was restored alone, opens as
 * if nothing had been. Yet a state file that has forgotten a publish would have it done a second time, and a warehouse that has forgotten
 * one has lost its rows. So what was written last to each must be known to the other. Throws a PlatformError that says what to do.
 */
export const requireAgreement = async (both: Both): Promise<void> => {
  await requireJobsKnown(both)
  await requireReceiptsKept(both)
}

/** The stem of a job's id stands in the run before the job is submitted. */
const requireJobsKnown = async ({ state, warehouse, folder }: Both): Promise<void> => {
  for (const { jobId, runId, stepId } of await warehouse.lastJobs(LAST_JOBS)) {
    const run = await readRun(state, runId)
    const stem = run?.steps.find((step) => step.stepId === stepId)?.stem
    if (stem === undefined || !jobId.startsWith(stem))
      throw disagreement(folder, `state.db does not know that run ${runId} has published its step ${stepId}`)
  }
}

/** A receipt is written after its job has ended. */
const requireReceiptsKept = async ({ state, warehouse, folder }: Both): Promise<void> => {
  const receipts = (await Promise.all((await tenantsOf(state)).map((tenant) => lastReceipts(state, tenant)))).flat()
  const missing = new Set(await warehouse.missingJobs(receipts.map(({ jobId }) => jobId)))
  const lost = receipts.find(({ jobId }) => missing.has(jobId))
  if (lost)
    throw disagreement(folder, `warehouse.duckdb does not have what run ${lost.runId} loaded into ${lost.table}`)
}

const lastReceipts = async (state: StateStore, tenant: string) => {
  const page = await state.list<{ runId: string }>(tenantRunIndexPrefix(tenant), { limit: LAST_RUNS })
  const runs = await Promise.all(page.entries.map(({ value }) => readRun(state, value.runId)))
  const keys = runs.flatMap((run) => run?.steps.map(({ stepId }) => receiptKey(run.runId, stepId)) ?? [])
  const entries = await Promise.all(keys.map((key) => state.get(key)))
  return entries.flatMap((entry) => (entry ? [receipt.parse(entry.value)] : []))
}

const tenantsOf = async (state: StateStore): Promise<string[]> => {
  const tenants: string[] = []
  let pageToken: string | undefined
  do {
    const page = await state.list(tenantsPrefix, pageToken === undefined ? {} : { pageToken })
    tenants.push(...page.entries.map(({ key }) => key.slice(tenantsPrefix.length)))
    pageToken = page.nextPageToken
  } while (pageToken !== undefined)
  return tenants
}

const readRun = async (state: StateStore, runId: string): Promise<Run | undefined> => {
  const entry = await state.get(runKey(runId))
  return entry && runDocument.parse(entry.value)
}

const disagreement = (folder: string, what: string): PlatformError =>
  new PlatformError(
    'UNAVAILABLE',
    false,
    `${what}: the files in ${folder} are not of the same moment. Was state.db or warehouse.duckdb restored alone, or without the -wal or .wal beside it? Restore all four from one backup, or, to start anew without what was loaded, move the folder away`,
  )

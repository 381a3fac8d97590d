import { createApiKey } from '@convergence/control/api-keys/create-api-key.ts'
import type { ControlContext, TenantContext } from '@convergence/control/context.ts'
import { cancelRun } from '@convergence/control/runs/cancel-run.ts'
import { findSameRun } from '@convergence/control/runs/find-same-run.ts'
import type { RunDeliveries } from '@convergence/control/runs/deliveries.ts'
import { explainRun } from '@convergence/control/runs/explain-run.ts'
import { getReceipts, getRun } from '@convergence/control/runs/get-run.ts'
import { listRuns } from '@convergence/control/runs/list-runs.ts'
import { progressReader } from '@convergence/control/runs/read-progress.ts'
import { readWaits } from '@convergence/control/runs/read-waits.ts'
import { replayRun } from '@convergence/control/runs/replay-run.ts'
import { requestRun } from '@convergence/control/runs/request-run.ts'
import { viewRun } from '@convergence/control/runs/view-run.ts'
import { createTenant } from '@convergence/control/tenants/create-tenant.ts'
import { getTenant, requireActive } from '@convergence/control/tenants/get-tenant.ts'
import { NotFoundError } from '@convergence/core/errors.ts'
import { runKey } from '@convergence/core/names.ts'
import type { Ports } from '@convergence/core/ports/index.ts'
import { runDocument, type Run } from '@convergence/core/run/run.ts'
import type { Platform, RunAsk, RunAsked, RunLook } from './platform.ts'
import { tenantQuery } from './tenant-query.ts'

export interface PlatformOptions {
  readonly ports: Ports
  readonly pepper: string
  /** The platform's own bucket. */
  readonly bucket: string
  readonly deliveries?: RunDeliveries | undefined
  /** Why nothing goes on, if that is so. */
  readonly trouble?: (() => string | undefined) | undefined
  readonly givenUp?: ((runId: string) => RunLook['givenUp']) | undefined
}

/** The platform of this process: the control plane's verbs. */
export const embeddedPlatform = (options: PlatformOptions): Platform => {
  const { ports, pepper, bucket, deliveries, trouble, givenUp } = options
  const context = (): ControlContext => ({ ports, trace: ports.random.hex(16) })
  const of = (tenant: string): TenantContext => ({ ...context(), tenant })
  const readProgress = progressReader(context(), bucket)

  const look = async (run: Run): Promise<RunLook> => ({
    tenant: run.tenant,
    run: viewRun(run, await getReceipts(of(run.tenant), run)),
    progress: await readProgress(run),
    waits: await readWaits(context(), bucket, run),
    trouble: trouble?.(),
    givenUp: givenUp?.(run.runId),
  })

  return {
    createTenant: async ({ tenant }) => ({ created: (await createTenant(context(), tenant)).created }),
    createKey: async ({ tenant }) => {
      const made = await createApiKey(context(), { tenant, scopes: ['runs:read', 'runs:write'] }, pepper)
      return { key: made.key, keyId: made.document.keyId }
    },
    requestRun: (ask) => askForRun(of(ask.tenant), ask),
    lookAtRun: async ({ runId }) => look(await anyRun(ports, runId)),
    explainRun: async ({ runId }) => {
      const run = await anyRun(ports, runId)
      return { ...(await look(run)), explanation: await explainRun(of(run.tenant), run, { bucket, deliveries }) }
    },
    listRuns: async ({ tenant, pipelineId, limit }) => {
      await getTenant(context(), tenant)
      const { runs } = await listRuns(of(tenant), { pipelineId, limit })
      return { runs: runs.map((run) => viewRun(run)) }
    },
    replayRun: async (ask) => {
      const { tenant } = await anyRun(ports, ask.runId)
      const { run, how } = await replayRun({ ...of(tenant), bucket }, ask)
      return { runId: run.runId, how }
    },
    cancelRun: async ({ runId }) => {
      const { tenant } = await anyRun(ports, runId)
      return look(await cancelRun(of(tenant), runId))
    },
    query: async (ask) => {
      await requireActive(context(), ask.tenant)
      return tenantQuery(ports, ask)
    },
  }
}

/** An unfinished run of the same pipeline and parameters is resumed, unless a key asks for a run of its own. */
const askForRun = async (context: TenantContext, ask: RunAsk): Promise<RunAsked> => {
  const { pipelineId, parameters, idempotencyKey } = ask
  await requireActive(context, context.tenant)
  const same = idempotencyKey === undefined ? await findSameRun(context, { pipelineId, parameters }) : undefined
  if (same) return { runId: same.runId, how: 'resumed', parameters: same.parameters }
  const { run, created } = await requestRun(context, {
    pipelineId,
    parameters,
    cause: { type: 'request', ...(idempotencyKey !== undefined && { idempotencyKey }) },
  })
  return { runId: run.runId, how: created ? 'created' : 'repeated', parameters: run.parameters }
}

/** Who owns the project may look at every tenant's runs. */
const anyRun = async (ports: Ports, runId: string): Promise<Run> => {
  const entry = runId.length <= 200 ? await ports.state.get(runKey(runId)) : undefined
  if (!entry) throw new NotFoundError(`there is no run ${runId.slice(0, 200)}: convergence runs TENANT lists them`)
  const run = runDocument.parse(entry.value)
  return getRun({ ports, trace: run.trace, tenant: run.tenant }, runId)
}

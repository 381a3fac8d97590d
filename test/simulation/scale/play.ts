import { loadTenantConfig } from '@convergence/core/config/load-config.ts'
import { receiptKey, runKey, tenantKey } from '@convergence/core/names.ts'
import type { Log } from '@convergence/core/ports/log.ts'
import type { ObjectStore } from '@convergence/core/ports/object-store.ts'
import type { Ports } from '@convergence/core/ports/index.ts'
import type { Receipt } from '@convergence/core/receipt.ts'
import type { Run } from '@convergence/core/run/run.ts'
import { requestRun } from '@convergence/control/runs/request-run.ts'
import { onIngestCommand, onIngestTask } from '@convergence/ingest/handler.ts'
import { onRunEvent, onRunTask } from '@convergence/orchestrator/handler.ts'
import { Prng } from '../prng.ts'
import { ScaleDeliveries, type Channel } from './deliveries.ts'
import { Meter } from './meter.ts'
import { INSTANCES, LANES, MAX_URIS } from './model.ts'
import { DROPS, ScaleObjects } from './objects.ts'
import { scaleProcessor } from './processor.ts'
import { SimulatedTime } from './simulated-time.ts'
import { ScaleState } from './state.ts'
import { ScaleWarehouse } from './warehouse.ts'

export interface Scaled {
  readonly chunks: number
  readonly run: Run
  readonly receipt: Receipt | undefined
  readonly rowsLoaded: number
  readonly meter: Meter
  /** Simulated. */
  readonly wallMs: number
  readonly phasesMs: ReadonlyMap<string, number>
  readonly waitedMs: { readonly writes: number; readonly reads: number; readonly dispatches: number }
  readonly maxUnderWay: number
  /** Slots that were listed and not yet in a shard of the plan. */
  readonly maxSlotsInHand: number
  /** Of this process, while it ran. */
  readonly peakHeapBytes: number
  readonly cpuSeconds: number
  /** Of the stores of the model, which are not the product's. */
  readonly storedBytes: number
}

interface ScaleOptions {
  readonly partsPerJob: number
  /** Every attempt of a chunk fails meanwhile, counted from the beginning of the run. */
  readonly outage: { readonly fromMs: number; readonly toMs: number }
}

const TENANT = 'acme'
const START_MS = Date.UTC(2026, 0, 15, 6)
const HEAP_EVERY_TURNS = 500

/** One step of so many files, from the request of its run to its end, on the real handlers. */
export const playScale = async (chunks: number, given: Partial<ScaleOptions> = {}): Promise<Scaled> => {
  const began = process.cpuUsage()
  // A link that is not there is an error a chunk, and nobody reads where it was thrown.
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 0
  try {
    return await play(chunks, { partsPerJob: MAX_URIS, outage: { fromMs: 0, toMs: 0 }, ...given }, began)
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
}

const play = async (chunks: number, { partsPerJob, outage }: ScaleOptions, began: NodeJS.CpuUsage): Promise<Scaled> => {
  const time = new SimulatedTime(START_MS)
  const meter = new Meter()
  const state = new ScaleState(time, meter)
  const objects = new ScaleObjects(chunks, time, meter)
  const warehouse = new ScaleWarehouse(time, meter, partsPerJob)
  const views = Array.from({ length: INSTANCES }, () => objects.view())
  const snapshot = snapshotOf()
  const random = new Prng(1)
  const portsOf = (view: ObjectStore): Ports => ({
    clock: { nowMs: () => time.nowMs },
    random: { hex: (length) => random.hex(length) },
    log: SILENT,
    state,
    objects: view,
    bus: deliveries.bus,
    tasks: deliveries.tasks,
    configs: { current: () => Promise.resolve(snapshot), load: () => Promise.resolve(snapshot) },
    secrets: { get: () => Promise.reject(new Error('no secrets')), invalidate: () => {} },
    http: { request: () => Promise.reject(new Error('no network')) },
    processor: scaleProcessor(time, () => {
      const atMs = time.nowMs - START_MS
      return atMs >= outage.fromMs && atMs < outage.toMs
    }),
    warehouse,
  })
  let turn = 0
  const handle = (channel: Channel, payload: unknown, attempt: number): Promise<void> => {
    const ports = instances[turn++ % INSTANCES] as Ports
    return dispatch({ ports, settings: SETTINGS, trace: 't' }, channel, payload, { attempt, trace: 't' })
  }
  const deliveries: ScaleDeliveries = new ScaleDeliveries(time, meter, handle)
  const instances = views.map(portsOf)
  const watched = watch(time, objects)

  let runId = ''
  seed(state)
  const asked = requestRun(
    { ports: instances[0] as Ports, trace: 't', tenant: TENANT },
    { pipelineId: 'many', parameters: {}, cause: { type: 'request' } },
  ).then(({ run }) => {
    runId = run.runId
  })
  await time.run(() => runId !== '')
  await asked
  const runNow = (): Run => state.peek<Run>(runKey(runId))?.value as Run
  let seen = -1
  await time.run(() => {
    if (state.writes === seen) return false
    seen = state.writes
    return watched.ended(runNow())
  })
  const cpu = process.cpuUsage(began)
  return {
    chunks,
    run: runNow(),
    receipt: state.peek<Receipt>(receiptKey(runId, 'rows'))?.value,
    rowsLoaded: warehouse.rowsLoaded,
    meter,
    wallMs: time.nowMs - START_MS,
    phasesMs: watched.phasesMs,
    waitedMs: {
      writes: objects.writes.waitedMs,
      reads: objects.reads.waitedMs,
      dispatches: deliveries.dispatches.waitedMs,
    },
    maxUnderWay: deliveries.maxUnderWay,
    maxSlotsInHand: watched.maxSlotsInHand(),
    peakHeapBytes: watched.peakHeapBytes(),
    cpuSeconds: (cpu.user + cpu.system) / 1e6,
    storedBytes: objects.arena.bytes,
  }
}

const SETTINGS = { bucket: 'convergence', lanes: LANES, leaseMs: 60_000 }
const SILENT: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {}, with: () => SILENT }

type Stage = Parameters<typeof onRunEvent>[0]
type Told = Parameters<typeof onRunEvent>[2]

const dispatch = (stage: Stage, channel: Channel, payload: unknown, told: Told): Promise<void> => {
  if ('queue' in channel)
    return channel.queue === 'runs' ? onRunTask(stage, payload, told) : onIngestTask(stage, payload, told)
  return channel.topic === 'run-events' ? onRunEvent(stage, payload, told) : onIngestCommand(stage, payload, told)
}

const seed = (state: ScaleState): void =>
  state.place(tenantKey(TENANT), {
    version: 1,
    tenant: TENANT,
    status: 'active',
    createdAt: '2026-01-01T00:00:00.000Z',
  })

/** Looks on: how the run comes on, how much memory this process takes, how much of the plan is in the planner's hands. */
const watch = (time: SimulatedTime, objects: ScaleObjects) => {
  const phasesMs = new Map<string, number>()
  let turns = 0
  let peakHeap = 0
  let inHand = 0
  time.onTurn = () => {
    inHand = Math.max(inHand, objects.listed - objects.planned)
    if (turns++ % HEAP_EVERY_TURNS === 0) peakHeap = Math.max(peakHeap, process.memoryUsage().heapUsed)
  }
  return {
    phasesMs,
    maxSlotsInHand: () => inHand,
    peakHeapBytes: () => peakHeap,
    ended: (run: Run): boolean => {
      const [step] = run.steps
      const phase = step ? `${step.status}` : ''
      if (!phasesMs.has(phase)) phasesMs.set(phase, time.nowMs - START_MS)
      return ['SUCCEEDED', 'FAILED', 'CANCELLED'].includes(run.status)
    },
  }
}
const snapshotOf = () => {
  const loaded = loadTenantConfig(TENANT, FILES)
  if ('problems' in loaded) throw new Error(loaded.problems.map(({ message }) => message).join('\n'))
  return loaded.snapshot
}

const FILES: ReadonlyMap<string, string> = new Map([
  [
    `configs/_platform/tenants/${TENANT}.yml`,
    `buckets: [{ bucket: ${DROPS}, prefixes: [${TENANT}/] }]\nlimits: { max_timeout: 30d }\n`,
  ],
  [`configs/${TENANT}/tenant.yml`, 'timezone: UTC\n'],
  [
    `configs/${TENANT}/schemas/rows.json`,
    JSON.stringify([
      { name: 'id', type: 'STRING' },
      { name: 'day', type: 'DATE' },
      { name: 'amount', type: 'NUMERIC' },
    ]),
  ],
  [
    `configs/${TENANT}/sources/files.yml`,
    `source_id: files\ntype: object_storage\nbucket: ${DROPS}\nfiles: { rows: { glob: "${TENANT}/in/*", format: csv } }\n`,
  ],
  [
    `configs/${TENANT}/pipelines/many.yml`,
    `pipeline_id: many
timeout: 7d
steps:
  - { step_id: rows, type: ingest, source: files.rows, load: { dataset: raw, table: many, schema: rows, strategy: append } }
`,
  ],
])

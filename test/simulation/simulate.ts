import { onIngestCommand, onIngestTask } from '@convergence/ingest/handler.ts'
import { onRunEvent, onRunTask } from '@convergence/orchestrator/handler.ts'
import { onUpload } from '@convergence/uploads/handler.ts'
import { toPlatformError } from '@convergence/core/errors.ts'
import { MESSAGE, type Delivery as Told } from '@convergence/core/messages.ts'
import { tenantKey } from '@convergence/core/names.ts'
import type { Run } from '@convergence/core/run/run.ts'
import { judge, watch, type Outcome } from './check.ts'
import { Cloud } from './cloud.ts'
import { Prng } from './prng.ts'
import { BUCKET, snapshots, TENANTS, uploadsOf, type Upload } from './scenario.ts'
import { PROFILES, World, type Aim, type Delivery, type Fiber, type Profile } from './world.ts'

export interface Simulated extends Outcome {
  readonly seed: number
  readonly trace: readonly string[]
  readonly faults: ReadonlyMap<string, number>
  readonly calls: number
  /** What is left: state, objects, tables. */
  readonly cloud: Cloud
}

/** Faults go on for so long; then everything must come to its end. */
const FAULTY_MS = 3 * 3_600_000
const SETTINGS = { bucket: 'convergence', lanes: 3, leaseMs: 60_000 }
const CONFIGS = snapshots()

/** Plays one seed to its end on the real handlers. */
export const simulate = async (
  seed: number,
  options: { profile?: keyof typeof PROFILES; aim?: Aim; uploads?: readonly Upload[] } = {},
): Promise<Simulated> => {
  const profile: Profile = PROFILES[options.profile ?? 'base']
  const violations: string[] = []
  const world: World = new World({
    seed,
    profile,
    aim: options.aim,
    handler: (delivery, fiber) => handle(cloud, delivery, fiber),
  })
  const cloud = new Cloud(world, CONFIGS)
  watch(cloud, violations)
  for (const tenant of TENANTS)
    cloud.state.set(tenantKey(tenant), {
      value: { version: 1, tenant, status: 'active', createdAt: '2026-01-01T00:00:00.000Z' },
      version: '0',
    })
  // Of its own source, so that a fault more or less changes nothing of what is uploaded.
  const uploads = options.uploads ?? uploadsOf(new Prng(seed + 1_000_003))
  for (const upload of uploads) {
    for (const file of upload.files) cloud.putObject({ bucket: BUCKET, name: file.name }, Buffer.from(file.text))
    const { generation, size } = cloud.putObject({ bucket: BUCKET, name: upload.object }, Buffer.from('go'))
    const event = {
      ...MESSAGE,
      trace: 't',
      type: 'object.finalized',
      bucket: BUCKET,
      name: upload.object,
      generation,
      size,
    }
    world.at(upload.atMs, () => world.deliver({ topic: 'uploads' }, event, 0))
    if (upload.cancelAfterMs !== undefined)
      world.at(upload.atMs + upload.cancelAfterMs, () => cancel(cloud, upload.object))
  }
  const allEnded = (): boolean =>
    runsOf(cloud).length === uploads.length && ![...cloud.state.keys()].some((key) => key.startsWith('active/'))
  const start = world.nowMs
  await world.run(() => allEnded() || world.nowMs - start > FAULTY_MS)
  world.calm = true
  if (!allEnded()) await world.run(allEnded)
  const outcome = judge(cloud, uploads, violations)
  return { ...outcome, seed, trace: world.trace, faults: world.counts, calls: world.calls, cloud }
}

const runsOf = (cloud: Cloud): Run[] =>
  [...cloud.state.entries()].filter(([key]) => key.startsWith('runs/')).map(([, { value }]) => value as Run)

const cancel = (cloud: Cloud, object: string): void => {
  const run = runsOf(cloud).find(({ cause }) => cause.type === 'upload' && cause.name === object)
  if (!run) return
  const intent = { end: 'CANCELLED', reason: { code: 'CANCELLED', message: 'on request' } }
  cloud.world.deliver(
    { topic: 'run-events' },
    { ...MESSAGE, trace: 't', type: 'run.stop', runId: run.runId, intent },
    0,
  )
}

const handle = async (cloud: Cloud, delivery: Delivery, fiber: Fiber): Promise<void> => {
  const { channel, payload, attempt } = delivery
  const told: Told = { attempt, trace: 't' }
  const stage = { ports: cloud.portsOf(fiber), settings: SETTINGS, trace: 't' }
  try {
    if ('topic' in channel) {
      if (channel.topic === 'uploads') return await onUpload(stage, payload, told)
      return await (channel.topic === 'run-events'
        ? onRunEvent(stage, payload, told)
        : onIngestCommand(stage, payload, told))
    }
    return await (channel.queue === 'runs' ? onRunTask(stage, payload, told) : onIngestTask(stage, payload, told))
  } catch (error) {
    throw toPlatformError(error)
  }
}

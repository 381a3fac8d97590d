import { failDeadLetter } from '@convergence/cli/embedded/fail-dead-letter.ts'
import { handlersOf } from '@convergence/cli/embedded/handlers.ts'
import { wakeRuns } from '@convergence/control/runs/unfinished-runs.ts'
import type { PlatformError } from '@convergence/core/errors.ts'
import type { Message, Topic } from '@convergence/core/messages.ts'
import { tenantKey } from '@convergence/core/names.ts'
import { runEnded, type Run } from '@convergence/core/run/run.ts'
import { begin } from './begin.ts'
import { guardTenant, judge, watch, watchCursors, type Outcome } from './check.ts'
import { Cloud } from './cloud.ts'
import type { Fault } from './faults.ts'
import type { Fiber } from './fiber.ts'
import { intervene } from './interventions.ts'
import { Prng } from './prng.ts'
import { PROFILES, type ProfileName } from './profiles.ts'
import { Api, releasesOf, TENANTS, uploadsOf, type Upload } from './scenario.ts'
import { World, type Aim, type Delivery } from './world.ts'

export interface Simulated extends Outcome {
  readonly seed: number
  readonly trace: readonly string[]
  /** What went wrong, how often. */
  readonly faults: ReadonlyMap<string, number>
  /** The same one by one, to be taken out one by one. */
  readonly fired: readonly Fault[]
  readonly calls: number
  /** How many uploads the seed asks for. */
  readonly uploads: number
  /** What is left: state, objects, tables. */
  readonly cloud: Cloud
}

export interface SimulateOptions {
  readonly profile?: ProfileName
  readonly aim?: Aim | undefined
  readonly uploads?: readonly Upload[] | undefined
  /** Numbers of the uploads that happen; all, if absent. */
  readonly onlyUploads?: readonly number[] | undefined
  /** Ids of the faults that happen; of all that the seed asks for, if absent. */
  readonly onlyFaults?: ReadonlySet<number> | undefined
}

/** Faults go on for so long; then everything must end, and what sleeps or is late must have come, within so long. */
const FAULTY_MS = 3 * 3_600_000
const CALM_MS = 5 * 3_600_000

/** Plays one seed to its end on the real handlers. */
export const simulate = async (seed: number, options: SimulateOptions = {}): Promise<Simulated> => {
  const violations: string[] = []
  const world: World = new World({
    seed,
    profile: PROFILES[options.profile ?? 'base'],
    aim: options.aim,
    onlyFaults: options.onlyFaults,
    handler: (delivery, fiber) => handle(cloud, delivery, fiber, violations),
    onDeadLetter: (delivery, reason) => bury(cloud, delivery, reason),
    onIntervention: (kind, fiber, amount) => intervene(cloud, kind, fiber, amount),
  })
  const cloud: Cloud = new Cloud(world, releasesOf(seed))
  // Of its own source, so that a fault more or less changes nothing of what is uploaded.
  const asked = options.uploads ?? uploadsOf(new Prng(seed + 1_000_003))
  const uploads = asked.filter((_, index) => options.onlyUploads?.includes(index) ?? true)
  const api = new Api(
    new Prng(seed + 2_000_003),
    world.startMs,
    (object) => uploads.find((one) => one.object === object)?.flaw,
  )
  cloud.web = (request) => api.answer(request, world.nowMs)
  watch(cloud, violations)
  watchCursors(cloud, api, violations)
  for (const tenant of TENANTS)
    cloud.state.write(tenantKey(tenant), {
      version: 1,
      tenant,
      status: 'active',
      createdAt: '2026-01-01T00:00:00.000Z',
    })
  begin(cloud, uploads)
  try {
    await play(cloud)
  } catch (error) {
    violations.push(`the play could not go on: ${error instanceof Error ? error.message : String(error)}`)
  }
  const outcome = judge({ cloud, api }, uploads, violations)
  const { trace, counts, calls, faults } = world
  return { ...outcome, seed, trace, faults: counts, fired: faults.fired, calls, uploads: asked.length, cloud }
}

const play = async (cloud: Cloud): Promise<void> => {
  const { world } = cloud
  await world.run(world.startMs + FAULTY_MS)
  world.faults.stopped = true
  await world.run(world.startMs + FAULTY_MS + CALM_MS)
  await wakeWhatWasGivenUp(cloud)
}

const runsOf = (cloud: Cloud): Run[] =>
  [...cloud.state.entries()].filter(([key]) => key.startsWith('runs/')).map(([, { value }]) => value as Run)

const handle = (cloud: Cloud, delivery: Delivery, fiber: Fiber, violations: string[]): Promise<void> => {
  const { channel, payload, attempt } = delivery
  const lanes = cloud.releases[cloud.release]?.lanes ?? 1
  const { topics, queues } = handlersOf(guardTenant(cloud, delivery, cloud.portsOf(fiber), violations), {
    bucket: 'convergence',
    lanes,
    leaseMs: 60_000,
  })
  const handler = 'topic' in channel ? topics[channel.topic] : queues[channel.queue]
  return handler(payload, { attempt, trace: 't' })
}

const bury = (cloud: Cloud, { channel, payload, attempt }: Delivery, reason: PlatformError): void => {
  const { code, message } = reason
  cloud.deadLetters.push({ payload, reason: { code, message } })
  const bus = { publish: async (topic: Topic, told: Message) => cloud.world.deliver({ topic }, told, 0) }
  const name = 'topic' in channel ? `topics/${channel.topic}` : `queues/${channel.queue}`
  void failDeadLetter(bus, { channel: name, payload, attempts: attempt, reason })
}

/**
 * A stop that was given up is carried on by the next start, and so are the last effects of a run that has ended. Without a dead letter
 * nothing may need this.
 */
const wakeWhatWasGivenUp = async (cloud: Cloud): Promise<void> => {
  const { world, deadLetters } = cloud
  const open = runsOf(cloud).filter((run) => !runEnded(run))
  const left = [...cloud.state.keys()].filter((key) => key.startsWith('active/'))
  if (open.length + left.length === 0 || (open.length > 0 && deadLetters.length === 0)) return
  world.count('woken')
  const woken = TENANTS.map((tenant) =>
    world.act(`start for ${tenant}`, (fiber) => wakeRuns({ ports: cloud.portsOf(fiber), trace: 't', tenant })),
  )
  await world.run(world.nowMs + CALM_MS)
  await Promise.all(woken)
}

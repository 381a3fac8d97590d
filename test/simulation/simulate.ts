import { tenantKey } from '@convergence/core/names.ts'
import { runEnded, type Run } from '@convergence/core/run/run.ts'
import { begin } from './begin.ts'
import { judge, watch, watchCursors, type Outcome } from './check.ts'
import { Cloud } from './cloud.ts'
import type { Fault } from './faults.ts'
import { intervene } from './interventions.ts'
import { Prng } from './prng.ts'
import { PROFILES, type ProfileName } from './profiles.ts'
import { Api, API_KEY, releasesOf, TENANTS, uploadsOf, type Upload } from './scenario.ts'
import { bury, serve, sweep } from './serve.ts'
import { World, type Aim } from './world.ts'

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
    handler: (delivery, fiber) => serve(cloud, delivery, fiber, violations),
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
  serveApi(cloud, api)
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

const serveApi = (cloud: Cloud, api: Api): void => {
  const { secrets, world } = cloud
  const nameOf = (tenant: string): string => `${tenant}/${API_KEY}`
  for (const tenant of TENANTS) secrets.set(nameOf(tenant), ['key-1'])
  cloud.web = (request) => {
    const answer = api.answer(request, world.nowMs, (tenant) => secrets.get(nameOf(tenant))?.at(-1) ?? '')
    if (answer.status === 401) world.count('refused key')
    return answer
  }
}

const play = async (cloud: Cloud): Promise<void> => {
  const { world } = cloud
  await world.run(world.startMs + FAULTY_MS)
  world.faults.stopped = true
  await world.run(world.startMs + FAULTY_MS + CALM_MS)
  await heal(cloud)
}

const runsOf = (cloud: Cloud): Run[] =>
  [...cloud.state.entries()].filter(([key]) => key.startsWith('runs/')).map(([, { value }]) => value as Run)

const SWEEP_EVERY_MS = 1_200_000
const MAX_SWEEPS = 8

/**
 * What was given up, or is gone without a word, is found by the sweep; so is what a request that was long under way, or a process that
 * slept, did to a run that had ended. Nothing else may need it.
 */
const heal = async (cloud: Cloud): Promise<void> => {
  const { world } = cloud
  const isOpen = (): boolean => runsOf(cloud).some((run) => !runEnded(run))
  const isActive = (): boolean => [...cloud.state.keys()].some((key) => key.startsWith('active/'))
  const hasHappened = (...what: string[]): boolean => what.some((name) => world.counts.has(name))
  const mayHeal = (): boolean =>
    (isOpen() && hasHappened('dead letter', 'vanish')) ||
    (!isOpen() && isActive() && hasHappened('dead letter', 'vanish', 'late-effect', 'pause'))
  if (!mayHeal()) return
  for (let sweeps = 0; sweeps < MAX_SWEEPS && mayHeal(); sweeps++) {
    void sweep(cloud)
    await world.run(world.nowMs + SWEEP_EVERY_MS)
  }
  world.count('healed by a sweep')
}

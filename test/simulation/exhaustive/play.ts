import { simulate, type Simulated } from '../simulate.ts'
import type { Aim } from '../world.ts'
import { judgeSmallRun } from './oracle.ts'
import type { SmallRun } from './scenarios.ts'

export const FAULT_KINDS = ['crash-before', 'crash-after', 'lost-answer'] as const satisfies readonly Aim['kind'][]

/** Which history the fault is thrown into; any does, as long as it is the same for all cases of a run. */
const SEED = 1
/** Aimed as well, so that it is the history that the cases share. */
const NO_FAULT: Aim = { call: -1, kind: 'crash-before' }

export interface Case {
  readonly run: string
  readonly aim: Aim
  readonly problems: readonly string[]
  readonly trace: readonly string[]
}

export interface Exhausted {
  readonly run: string
  /** Port calls of the run without a fault. */
  readonly calls: number
  readonly cases: number
  readonly failed: readonly Case[]
  /** How the cases ended. */
  readonly ends: ReadonlyMap<string, number>
}

/**
 * Plays a small run once without a fault, and then once for each port call and each kind of fault: the process dies before the call or
 * after it, or the call happens and its answer is lost.
 */
export const exhaust = async (run: SmallRun): Promise<Exhausted> => {
  const { calls, problems } = await playWhole(run)
  if (problems.length > 0) throw new Error(`${run.name} fails without a fault: ${problems.join('; ')}`)
  const failed: Case[] = []
  const ends = new Map<string, number>()
  for (let call = 0; call < calls; call++)
    for (const kind of FAULT_KINDS) {
      const played = await playCase(run, { call, kind })
      if (played.problems.length > 0) failed.push(played)
      ends.set(played.end, (ends.get(played.end) ?? 0) + 1)
    }
  return { run: run.name, calls, cases: calls * FAULT_KINDS.length, failed, ends }
}

const playWhole = async (run: SmallRun): Promise<{ calls: number; problems: string[] }> => {
  const played = await simulate(SEED, { profile: 'calm', uploads: run.uploads, aim: NO_FAULT })
  return { calls: played.calls, problems: problemsOf(run, played) }
}

/** One fault at one call. That it was thrown is part of the case. */
export const playCase = async (run: SmallRun, aim: Aim): Promise<Case & { readonly end: string }> => {
  const played = await tried(() => simulate(SEED, { profile: 'calm', uploads: run.uploads, aim }))
  if ('error' in played) return { run: run.name, aim, problems: [played.error], trace: [], end: 'never' }
  const thrown = played.faults.has(aim.kind) ? [] : [`the fault ${aim.kind} was not thrown`]
  return {
    run: run.name,
    aim,
    problems: [...thrown, ...problemsOf(run, played)],
    trace: played.trace,
    end: endsOf(played),
  }
}

const tried = async <T extends object>(work: () => Promise<T>): Promise<T | { readonly error: string }> => {
  try {
    return await work()
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) }
  }
}

const problemsOf = (run: SmallRun, { violations, cloud }: Simulated): string[] => [
  ...violations,
  ...judgeSmallRun(cloud, run),
]

const endsOf = ({ cloud }: Simulated): string =>
  [...cloud.state.entries()]
    .filter(([key]) => key.startsWith('runs/'))
    .map(([, { value }]) => (value as { status: string }).status)
    .toSorted()
    .join(' + ')

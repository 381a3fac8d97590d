import type { ProfileName } from './profiles.ts'
import { shrink } from './shrink.ts'
import { simulate, type Simulated } from './simulate.ts'

/** What is left of a seed: numbers in its list of uploads, and in the list of the faults that it fired when it was played whole. */
export interface Selection {
  readonly uploads?: readonly number[] | undefined
  readonly faults?: readonly number[] | undefined
}

/** Tries for the faults of one failure. */
const BUDGET = 200

/** The seed with some of its uploads and faults only. */
export const replay = async (seed: number, profile: ProfileName, selection: Selection): Promise<Simulated> => {
  const { uploads, faults } = selection
  if (!faults) return simulate(seed, { profile, onlyUploads: uploads })
  const { fired } = await simulate(seed, { profile })
  const onlyFaults = new Set(faults.map((index) => idOf(fired, index)))
  return simulate(seed, { profile, onlyUploads: uploads, onlyFaults })
}

const idOf = (fired: Simulated['fired'], index: number): number => {
  const fault = fired[index]
  if (!fault) throw new Error(`the seed fired ${fired.length} faults, and none is number ${index}`)
  return fault.id
}

interface Cause {
  readonly selection: { readonly uploads: readonly number[]; readonly faults: readonly number[] }
  readonly played: Simulated
}

/** The fewest uploads and faults of a failing seed that still break the same rule. */
export const findCause = async (whole: Simulated, profile: ProfileName): Promise<Cause> => {
  const { seed, fired } = whole
  const wanted = new Set(whole.violations.map(ruleOf))
  const all = { uploads: range(whole.uploads), faults: range(fired.length) }
  const play = ({ uploads, faults }: { uploads: readonly number[]; faults: readonly number[] }): Promise<Simulated> =>
    simulate(seed, {
      profile,
      onlyUploads: uploads,
      onlyFaults: new Set(faults.map((index) => idOf(fired, index))),
    })
  const fails = async (selection: typeof all): Promise<boolean> => {
    const { violations } = await play(selection)
    return violations.some((text) => wanted.has(ruleOf(text)))
  }
  const uploads = await shrink(all.uploads, (some) => fails({ ...all, uploads: [...some] }), BUDGET)
  const faults = await shrink(all.faults, (some) => fails({ uploads: [...uploads], faults: [...some] }), BUDGET)
  const selection = { uploads, faults }
  return { selection, played: await play(selection) }
}

/** The rule that a violation breaks: its text without what it is about. */
const ruleOf = (violation: string): string =>
  violation
    .replaceAll(/\S*[\d/_.]\S*/g, '#')
    .replaceAll(/(?:# of #,? ?)+/g, '# ')
    .trim()

const range = (length: number): number[] => Array.from({ length }, (_, index) => index)

import { cpSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Prng } from '../simulation/prng.ts'
import { PIPELINES } from './project.ts'
import { Round, Violation } from './round.ts'
import { Stand } from './stand.ts'
import { FAULTS, Tally, type Fault } from './tally.ts'

/** Then a new project begins: the checks look at all rows of a project. */
const ROUNDS_A_PROJECT = 50
/** Whose runs are under way at the same time. */
const BATCHES_A_ROUND = 2
/** Beside the kills: in 20 runs, four rounds, each comes at least once. */
const FAULTS_A_ROUND = Math.ceil(FAULTS.length / 4)

export interface Report {
  readonly tally: Tally
  readonly seconds: number
  /** What stood for a full disk. */
  readonly quota: string
  readonly broken?: { readonly batch: number; readonly message: string; readonly folder: string } | undefined
}

export interface ChaosOptions {
  readonly runs: number
  readonly seed: number
  readonly say: (line: string) => void
}

/** Kills a real platform again and again, until so many runs have ended, and looks after every one whether all rows are there, once. */
export const chaos = async ({ runs, seed, say }: ChaosOptions): Promise<Report> => {
  const startedMs = Date.now()
  const tally = new Tally()
  const random = new Prng(seed)
  const deck = new Deck(random)
  let quota = ''
  let batch = 0
  while (tally.runs < runs) {
    const stand = await Stand.open(seed)
    quota = stand.quota.how
    try {
      const [allowed, repeats] = [[] as number[], new Map<number, number>()]
      for (let here = 0; here < ROUNDS_A_PROJECT && tally.runs < runs; here++) {
        const numbers = Array.from({ length: BATCHES_A_ROUND }, () => ++batch)
        await playRound(stand, { numbers, tally, random, deck, allowed, repeats })
        say(
          `batch ${batch}: ${tally.runs} runs exact, ${tally.kills} kills, ${Math.round((Date.now() - startedMs) / 1_000)} s`,
        )
      }
    } catch (error) {
      const folder = mkdtempSync(join(tmpdir(), 'convergence-chaos-kept-'))
      cpSync(stand.root, folder, { recursive: true })
      const message = error instanceof Violation ? error.message : String((error as Error).stack ?? error)
      return { tally, quota, seconds: (Date.now() - startedMs) / 1_000, broken: { batch, message, folder } }
    } finally {
      await stand.close()
    }
  }
  return { tally, quota, seconds: (Date.now() - startedMs) / 1_000 }
}

interface Play {
  readonly numbers: readonly number[]
  readonly tally: Tally
  readonly random: Prng
  readonly deck: Deck
  readonly allowed: number[]
  readonly repeats: Map<number, number>
}

const playRound = async (stand: Stand, { numbers, tally, random, deck, allowed, repeats }: Play): Promise<void> => {
  const batches = numbers.map((number) => stand.bring(number))
  const faults = Array.from({ length: FAULTS_A_ROUND }, () => deck.take())
  const round = new Round({ stand, tally, random, batches, allowed, repeats })
  await round.play(faults)
  if (faults.includes('disk full while it works') && round.diskWasFull) tally.show('disk full while it works')
  const { violations, rows } = await stand.check(batches)
  if (violations.length > 0) throw new Violation(`after ${faults.join(', ')}: ${violations.join('\n  ')}`)
  tally.rows += rows
  tally.runs += numbers.length * PIPELINES.length
}

/** Every fault comes before one comes again. */
class Deck {
  readonly #random: Prng
  #left: Fault[] = []

  constructor(random: Prng) {
    this.#random = random
  }

  take(): Fault {
    if (this.#left.length === 0) this.#left = [...FAULTS]
    return this.#left.splice(this.#random.below(this.#left.length), 1)[0]!
  }
}

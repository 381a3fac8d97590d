import { fork, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { ProfileName } from './profiles.ts'

/** What is kept of a seed that was played. */
export interface Played {
  readonly seed: number
  readonly violations: readonly string[]
  readonly green: number
  readonly runs: number
  readonly rows: number
  readonly calls: number
  readonly faults: Readonly<Record<string, number>>
}

export interface Block {
  readonly from: number
  readonly seeds: number
  readonly profile: ProfileName
}

export interface PlaySeedsOptions extends Block {
  /** Processes at the same time. */
  readonly jobs: number
  /** A patch that plants a bug. */
  readonly mutant?: string | undefined
  /** Called in the order of the seeds. False: no more are wanted. */
  readonly onPlayed: (played: Played) => boolean
}

/** Seeds that a process is asked for at once. */
const BLOCK = 10
const PLAYER = fileURLToPath(new URL('play-block.ts', import.meta.url))

/** Plays seeds in several processes. What is told of them, and in which order, is the same with any number. */
export const playSeeds = async ({ mutant, jobs, ...options }: PlaySeedsOptions): Promise<void> => {
  const blocks = blocksOf(options)
  const told = new Map<number, readonly Played[]>()
  let [next, isWanted] = [0, true]
  const tell = (): void => {
    for (let played = told.get(next); played && isWanted; played = told.get(next)) {
      told.delete(next++)
      for (const one of played) isWanted &&= options.onPlayed(one)
    }
  }
  let asked = 0
  const work = async (): Promise<void> => {
    const player = fork(PLAYER, mutant === undefined ? [] : [mutant])
    try {
      while (isWanted && asked < blocks.length) {
        const index = asked++
        told.set(index, await ask(player, blocks[index] as Block))
        tell()
      }
    } finally {
      player.kill()
    }
  }
  await Promise.all(Array.from({ length: Math.min(jobs, blocks.length) }, work))
}

const blocksOf = ({ from, seeds, profile }: Block): Block[] =>
  Array.from({ length: Math.ceil(seeds / BLOCK) }, (_, index) => ({
    from: from + index * BLOCK,
    seeds: Math.min(BLOCK, seeds - index * BLOCK),
    profile,
  }))

const ask = (player: ChildProcess, block: Block): Promise<readonly Played[]> =>
  new Promise((resolve, reject) => {
    const onEnd = (code: number | null): void =>
      reject(new Error(`the process that played seeds from ${block.from} ended: ${code}`))
    player.once('exit', onEnd)
    player.once('message', (played) => {
      player.off('exit', onEnd)
      resolve(played as readonly Played[])
    })
    player.send(block)
  })

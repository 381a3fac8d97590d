/** A process of `playSeeds`: plays the blocks of seeds that it is sent, with the bug planted that its argument names. */
import { plant } from './mutants/plant.ts'
import type { Block, Played } from './play-seeds.ts'

const [mutant] = process.argv.slice(2)
if (mutant !== undefined) plant(mutant)
const { summarize } = await import('./summarize.ts')
const { simulate } = await import('./simulate.ts')

process.on('message', ({ from, seeds, profile }: Block) => {
  void (async () => {
    const played: Played[] = []
    for (let seed = from; seed < from + seeds; seed++) played.push(summarize(await simulate(seed, { profile })))
    process.send?.(played)
  })()
})

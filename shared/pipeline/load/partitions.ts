import { WHOLE_TABLE } from '@convergence/core/ledger.ts'
import type { PublishStrategy } from '@convergence/core/ports/warehouse.ts'

/** What an `overwrite` replaces, as the ledger names it; undefined: nothing is replaced. */
export const replacedBy = (strategy: PublishStrategy): readonly string[] | undefined => {
  if (strategy.type !== 'overwrite') return undefined
  return strategy.partitions === 'all' ? [WHOLE_TABLE] : strategy.partitions
}

/** The strategy for the partitions that are still its own: older never replaces newer. */
export const withoutNewer = (strategy: PublishStrategy, left: readonly string[] | undefined): PublishStrategy => {
  if (strategy.type !== 'overwrite' || strategy.partitions === 'all' || !left) return strategy
  const leftOut = strategy.partitions.filter((partition) => !left.includes(partition))
  return leftOut.length === 0 ? strategy : { type: 'overwrite', partitions: left, leftOut }
}

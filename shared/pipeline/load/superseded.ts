import type { Problem } from '@convergence/core/messages.ts'
import type { Receipt } from '@convergence/core/receipt.ts'

/** Older never replaces newer: told where that left out a step's rows, or (without a receipt) the whole step. */
export const supersededWarnings = (receipt: Receipt | undefined): Problem[] => {
  if (!receipt) return [warning('a run that was planned later has replaced these partitions: nothing was loaded')]
  const { superseded: left, staged } = receipt
  if (receipt.strategy !== 'overwrite' || left === 0) return []
  return [
    warning(
      `a run that was planned later has replaced some of these partitions: ${left} of ${staged} rows ${left === 1 ? 'was' : 'were'} left out`,
    ),
  ]
}

const warning = (message: string): Problem => ({ code: 'SUPERSEDED', message })

import { EMPTY_LEDGER, ledger, type Ledger } from '@convergence/core/ledger.ts'
import { ledgerKey } from '@convergence/core/names.ts'
import type { TableRef } from '@convergence/core/table.ts'
import type { Stage } from '../stage.ts'

/** The ledger of a table as it stands, and the version that a change of it must name. */
export interface OpenLedger {
  readonly table: TableRef
  readonly book: Ledger
  readonly version: string | null
}

export const readLedger = async (stage: Stage, table: TableRef): Promise<OpenLedger> => {
  const entry = await stage.ports.state.get(ledgerKey(table))
  return entry
    ? { table, book: ledger.parse(entry.value), version: entry.version }
    : { table, book: EMPTY_LEDGER, version: null }
}

/** False: somebody else changed it first; nothing was written. */
export const writeLedger = async (stage: Stage, open: OpenLedger, book: Ledger): Promise<boolean> =>
  (await stage.ports.state.compareAndSet(ledgerKey(open.table), open.version, book)).outcome === 'written'

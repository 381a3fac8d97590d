import type { RunView } from '@convergence/control/runs/view-run.ts'
import { renderTable, type TableOptions } from './table.ts'
import { formatCount } from './units.ts'

const COLUMNS = [
  { title: 'table' },
  { title: 'strategy' },
  ...['fetched', 'accepted', 'rejected', 'filtered', 'inserted', 'updated', 'superseded'].map((title) => ({
    title,
    align: 'right' as const,
  })),
  { title: 'balanced' },
]

/** The accounts of published steps. */
export const renderReceipts = (receipts: RunView['receipts'], options: TableOptions): string =>
  renderTable(
    COLUMNS,
    receipts.map(({ table, strategy, rows, balanced }) => [
      table,
      strategy,
      ...[rows.fetched, rows.accepted, rows.rejected, rows.filtered, rows.inserted, rows.updated, rows.superseded].map(
        formatCount,
      ),
      balanced ? 'yes' : 'NO',
    ]),
    options,
  )

import { ConflictError, InternalError } from '@convergence/core/errors.ts'
import type { ObjectRef } from '@convergence/core/ports/object-store.ts'
import type { ReplayedRows } from '@convergence/core/ports/warehouse.ts'
import { QUARANTINE_SCHEMA, quarantineTable } from '@convergence/core/quarantine.ts'
import { text } from './parameters.ts'
import type { Session } from './session.ts'
import { partsSource } from './source.ts'
import { tablePath } from './sql.ts'
import { readTable } from './tables.ts'

const REPLAYED = 'temp."#replayed"'

/**
 * Lets the replayed rows leave the quarantine inside the publish's transaction, but those that are rejected again: these stay where they
 * are, with what is wrong with them now. Fails when they are not the rows that were planned: another replay has loaded some of them.
 */
export const leaveQuarantine = async (
  session: Session,
  { runId, stepId, rows, rejects }: ReplayedRows,
  { tenant, localPath }: { readonly tenant: string; readonly localPath: (ref: ObjectRef) => string },
): Promise<void> => {
  const table = quarantineTable(tenant)
  const path = tablePath(table)
  if (!(await readTable(session, table))) throw new ConflictError(GONE)
  await session.run(
    `CREATE TEMP TABLE "#replayed" AS SELECT rowid AS "#row", row_number() OVER (ORDER BY "_chunk_id", "origin", "position" NULLS FIRST, "raw") AS "#number"` +
      ` FROM ${path} WHERE "_run_id" = $run AND "step" = $step AND starts_with("raw", '{')`,
    { run: text(runId), step: text(stepId) },
  )
  if ((await session.count(`SELECT count(*) FROM ${REPLAYED}`)) !== rows) throw new ConflictError(GONE)
  const source = await partsSource(session, rejects, QUARANTINE_SCHEMA, { localPath, name: 'rejects' })
  const still = await session.run(
    `UPDATE ${path} AS q SET "column" = s."column", "value" = s."value", "reason" = s."reason"` +
      ` FROM ${source.sql} AS s JOIN ${REPLAYED} AS r ON r."#number" = s."position" WHERE q.rowid = r."#row"`,
    source.bindings,
  )
  const gone = await session.run(
    `DELETE FROM ${path} WHERE rowid IN (SELECT "#row" FROM ${REPLAYED} WHERE "#number" NOT IN (SELECT "position" FROM ${source.sql}))`,
    source.bindings,
  )
  await session.run(`DROP TABLE ${REPLAYED}`)
  if (still + gone !== rows || still !== rejects.reduce((sum, part) => sum + part.rows, 0))
    throw new InternalError(`the job's counts do not agree: of ${rows} replayed rows ${still} stay and ${gone} leave`)
}

const GONE =
  'the quarantined rows are not those that were planned: another replay has loaded some of them; replay what is left'

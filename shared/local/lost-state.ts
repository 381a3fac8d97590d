import { statSync } from 'node:fs'
import { join } from 'node:path'
import { PlatformError } from '@convergence/core/errors.ts'

/** Made right after the state file, so that a start that died before has not made it. */
const MADE_LATER = 'warehouse.duckdb'

/**
 * SQLite takes an empty file for a new database. Where a platform has worked already that would lose every run, tenant and key without a
 * word, have all parts swept away as nobody's, and load again what was loaded. Throws a PlatformError that says what to do.
 */
export const refuseLostState = (folder: string, file: string): void => {
  const path = join(folder, file)
  if (sizeOf(path) > 0 || sizeOf(join(folder, MADE_LATER)) === 0) return
  throw new PlatformError(
    'UNAVAILABLE',
    false,
    `${path} is empty or gone, and ${MADE_LATER} beside it is of a platform that knew runs: restore ${file} (with ${file}-wal) from a backup, or, to start anew without what was loaded, move the whole folder ${folder} away`,
  )
}

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0

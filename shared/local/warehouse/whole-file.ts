import { statSync } from 'node:fs'
import { basename } from 'node:path'
import { InternalError, PlatformError } from '@convergence/core/errors.ts'
import type { Session } from './session.ts'

/** Before the first block. */
const HEADER_BYTES = 3 * 4_096

/**
 * DuckDB notices that the end of its file is missing only when it reads there, so that loads would go on into tables that nobody can
 * read. Right after the opening, before anything is written, the file has all blocks that its last checkpoint counted, or it was cut.
 * Throws InternalError.
 */
export const requireWhole = async (session: Session, path: string): Promise<void> => {
  const [blocks] = await session.all('SELECT total_blocks * block_size AS bytes FROM pragma_database_size()')
  const [bytes, wanted] = [statSync(path).size, HEADER_BYTES + Number(blocks?.['bytes'] ?? 0)]
  if (bytes < wanted) throw new InternalError(`its end is missing: it has ${bytes} of ${wanted} bytes`)
}

const DAMAGED =
  /its end is missing|Could not read enough bytes|not a valid DuckDB database file|Corrupt database|computed checksum|replaying WAL|Serialization Error|deserializ/i

/** What an opening failed by: a damaged file is told with what to do, any other failure is as it was. */
export const openingFailure = (error: unknown, path: string): unknown => {
  const text = error instanceof Error ? error.message : String(error)
  if (!DAMAGED.test(text)) return error
  const file = basename(path)
  return new PlatformError(
    'UNAVAILABLE',
    false,
    `${file} is damaged (${text.split('\n')[0]?.replaceAll(path, file)}): restore it and the .wal beside it, and state.db of the same moment, from a backup, or, to start anew without what was loaded, move its whole folder away`,
    { cause: error },
  )
}

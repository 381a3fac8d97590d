import { statSync } from 'node:fs'
import { basename } from 'node:path'
import { InternalError, PlatformError } from '@convergence/core/errors.ts'
import { text } from './parameters.ts'
import type { Session } from './session.ts'

/** Before the first block. */
const HEADER_BYTES = 3 * 4_096

/**
 * DuckDB notices that the end of its file is missing only when it reads there, so that loads would go on into tables that nobody can
 * read. Its last blocks may be missing if they are free: it cuts those off itself. A last block that only an index uses is still found
 * missing no sooner than it is read. Throws InternalError.
 */
export const requireWhole = async (session: Session, path: string): Promise<void> => {
  const [blocks] = await session.all('SELECT block_size, total_blocks, free_blocks FROM pragma_database_size()')
  const [size, total, free] = [blocks?.['block_size'], blocks?.['total_blocks'], blocks?.['free_blocks']].map(Number)
  const present = Math.floor((statSync(path).size - HEADER_BYTES) / size!)
  if (present >= total!) return
  if (total! - present > free! || (await lastBlock(session)) >= present)
    throw new InternalError(`its end is missing: it has ${present} of ${total} blocks`)
}

/** Of the tables' rows: known from their descriptions, without reading them. */
const lastBlock = async (session: Session): Promise<number> => {
  const tables = await session.all(
    `SELECT format('"{}"."{}"', schema_name, table_name) AS name FROM duckdb_tables() WHERE NOT temporary`,
  )
  let last = -1
  for (const { name } of tables)
    last = Math.max(
      last,
      await session.count(
        `SELECT coalesce(max(greatest(block_id, coalesce(list_max(additional_block_ids), -1))), -1) FROM pragma_storage_info($name)`,
        { name: text(String(name)) },
      ),
    )
  return last
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

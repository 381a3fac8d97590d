import type { Statements } from '../statements.ts'
import { endOfPrefix } from '../statements.ts'

export interface ObjectRow {
  readonly name: string
  readonly generation: number
  readonly size: number
  readonly crc32c: string
  readonly updatedMs: number
  /** Name of the file that holds the content; null: it is in `body`. */
  readonly blob: string | null
}

export interface ObjectContent extends ObjectRow {
  readonly body: Uint8Array | null
}

const columns = 'name, generation, size, crc32c, updated_ms AS updatedMs, blob'

export interface ObjectKey {
  readonly bucket: string
  readonly name: string
}

export const getObject = (statements: Statements, { bucket, name }: ObjectKey): ObjectRow | undefined =>
  statements.prepare(`SELECT ${columns} FROM objects WHERE bucket = ? AND name = ?`).get(bucket, name) as
    | ObjectRow
    | undefined

export const getObjectContent = (statements: Statements, { bucket, name }: ObjectKey): ObjectContent | undefined =>
  statements.prepare(`SELECT ${columns}, body FROM objects WHERE bucket = ? AND name = ?`).get(bucket, name) as
    | ObjectContent
    | undefined

export interface PutObject extends ObjectKey {
  readonly ifGeneration: string | null
  readonly size: number
  readonly crc32c: string
  readonly contentType: string | null
  readonly nowMs: number
  readonly blob: string | null
  readonly body: Uint8Array | null
}

const holds = (row: ObjectRow | undefined, generation: string | null) =>
  (row === undefined ? null : String(row.generation)) === generation

/** The new generation and the blob that it replaced; undefined when the precondition does not hold. */
export const putObject = (
  statements: Statements,
  object: PutObject,
): { generation: number; replaced: string | null } | undefined => {
  const before = getObject(statements, object)
  if (!holds(before, object.ifGeneration)) return undefined
  const generation = statements.nextVersion()
  const { bucket, name, size, crc32c, contentType, nowMs, blob, body } = object
  statements
    .prepare(
      `INSERT OR REPLACE INTO objects (bucket, name, generation, size, crc32c, content_type, updated_ms, blob, body)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    .run(bucket, name, generation, size, crc32c, contentType, nowMs, blob, body)
  return { generation, replaced: before?.blob ?? null }
}

/** Whether the object is gone, and the blob that it left. */
export const deleteObject = (
  statements: Statements,
  { bucket, name, generation }: ObjectKey & { generation: string },
): { gone: boolean; blob: string | null } => {
  const before = getObject(statements, { bucket, name })
  if (before === undefined) return { gone: true, blob: null }
  if (!holds(before, generation)) return { gone: false, blob: null }
  statements.prepare('DELETE FROM objects WHERE bucket = ? AND name = ?').run(bucket, name)
  return { gone: true, blob: before.blob }
}

export interface ListObjects {
  readonly bucket: string
  readonly prefix: string
  /** Exclusive. */
  readonly after: string
  readonly limit: number
}

export const listObjects = (statements: Statements, { bucket, prefix, after, limit }: ListObjects): ObjectRow[] =>
  statements
    .prepare(
      `SELECT ${columns} FROM objects WHERE bucket = ? AND name >= ? AND name > ? AND name < ? ORDER BY name LIMIT ?`,
    )
    .all(bucket, prefix, after, endOfPrefix(prefix), limit) as unknown as ObjectRow[]

/** Those that no object names. */
export const unreferencedBlobs = (statements: Statements, blobs: readonly string[]): string[] => {
  const find = statements.prepare('SELECT 1 FROM objects WHERE blob = ?')
  return blobs.filter((blob) => find.get(blob) === undefined)
}

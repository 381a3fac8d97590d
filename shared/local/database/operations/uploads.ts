import type { Statements } from '../statements.ts'
import { publish } from './deliveries.ts'

export interface UploadKey {
  readonly bucket: string
  readonly name: string
  readonly generation: string
}

/** Those that were not announced yet. */
export const newUploads = (statements: Statements, uploads: readonly UploadKey[]): UploadKey[] => {
  const find = statements.prepare('SELECT 1 FROM uploads WHERE bucket = ? AND name = ? AND generation = ?')
  return uploads.filter(({ bucket, name, generation }) => find.get(bucket, name, generation) === undefined)
}

/** Publishes the message about an upload unless that generation was announced before: both in one transaction. */
export const announceUpload = (
  statements: Statements,
  { upload, ...message }: { upload: UploadKey; channel: string; payload: string; dueMs: number },
): boolean => {
  if (newUploads(statements, [upload]).length === 0) return false
  statements
    .prepare('INSERT OR REPLACE INTO uploads (bucket, name, generation) VALUES (?, ?, ?)')
    .run(upload.bucket, upload.name, upload.generation)
  publish(statements, message)
  return true
}

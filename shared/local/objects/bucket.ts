import type { ObjectBody, ObjectMeta, ObjectPage, PutResult } from '@convergence/core/ports/object-store.ts'

export interface ReadOptions {
  readonly start?: number
  readonly end?: number
  readonly generation?: string
}

/** The ObjectStore's methods for one bucket: kept as blobs, or a folder into which people drop files. */
export interface Bucket {
  put(
    name: string,
    body: ObjectBody,
    options: { ifGeneration: string | null; contentType?: string },
  ): Promise<PutResult>
  head(name: string): Promise<ObjectMeta | undefined>
  read(name: string, options: ReadOptions): AsyncIterable<Uint8Array>
  list(prefix: string, options: { after: string; limit: number }): Promise<Omit<ObjectPage, 'nextPageToken'>>
  delete(name: string, generation: string): Promise<boolean>
}

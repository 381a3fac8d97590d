/**
 * Objects: parts, markers, plans, and tenants' files. Cloud Storage; files with their metadata in node:sqlite embedded.
 * Names are `/`-separated. In the platform's own bucket every name starts with `{tenant}/`.
 */
export interface ObjectRef {
  readonly bucket: string
  readonly name: string
}

export interface ObjectMeta extends ObjectRef {
  /** Opaque; another content has another generation. */
  readonly generation: string
  /** Bytes. */
  readonly size: number
  /** crc32c of the content, base64 as Cloud Storage gives it; absent for files that a person dropped into a folder. */
  readonly crc32c?: string | undefined
  readonly updatedMs: number
}

/** What an object is made of: bytes in memory, or a finished file on this machine, which the store may move or copy. */
export type ObjectBody = Uint8Array | { readonly path: string }

export type PutResult =
  | { readonly outcome: 'written'; readonly meta: ObjectMeta }
  /** The precondition did not hold; nothing was written. After a lost answer the object may be one's own: read it. */
  | { readonly outcome: 'conflict' }

export interface ObjectPage {
  readonly objects: readonly ObjectMeta[]
  readonly nextPageToken?: string | undefined
}

export interface ObjectStore {
  /**
   * Writes the object if its generation is `ifGeneration` (null: if it does not exist). Atomic and durable when it answers:
   * a reader sees all of it or nothing. Throws UnavailableError.
   */
  put(
    ref: ObjectRef,
    body: ObjectBody,
    options: { ifGeneration: string | null; contentType?: string },
  ): Promise<PutResult>
  /** Metadata, or undefined. */
  head(ref: ObjectRef): Promise<ObjectMeta | undefined>
  /**
   * The content of bytes [start, end) as a stream; all of it without a range. With `generation`, only that generation.
   * Throws NotFoundError when the object, or that generation of it, is not there.
   */
  read(ref: ObjectRef, options?: { start?: number; end?: number; generation?: string }): AsyncIterable<Uint8Array>
  /** Objects whose name starts with `prefix`, by name, at most `limit` a page (default and at most 1,000). Strongly consistent. */
  list(bucket: string, prefix: string, options?: { pageToken?: string; limit?: number }): Promise<ObjectPage>
  /** Deletes the object if its generation is `generation`; true if it is gone. */
  delete(ref: ObjectRef, generation: string): Promise<boolean>
}

import { NotFoundError } from '@convergence/core/errors.ts'
import type { ObjectBody, ObjectRef, ObjectStore } from '@convergence/core/ports/object-store.ts'
import type { Stage } from './stage.ts'

/** Small JSON documents in the platform's bucket: plans, markers, manifests. */
interface Schema<T> {
  parse(value: unknown): T
}

export const inBucket = (stage: Stage, name: string): ObjectRef => ({ bucket: stage.settings.bucket, name })

export const documentExists = async (stage: Stage, name: string): Promise<boolean> =>
  (await stage.ports.objects.head(inBucket(stage, name))) !== undefined

/** The document, or undefined when it is not there. */
export const readDocument = async <T>(stage: Stage, name: string, schema: Schema<T>): Promise<T | undefined> => {
  try {
    return schema.parse(JSON.parse(await readText(stage, inBucket(stage, name))))
  } catch (error) {
    if (error instanceof NotFoundError) return undefined
    throw error
  }
}

/** Documents of a store that were read before, the one that was used last at the end. */
const known = new WeakMap<ObjectStore, Map<string, unknown>>()
/** A plan and some of its shards, of a few steps that are under way at the same time. */
const KEPT = 32

/**
 * The same for a document that is never written again once it is there: it is kept in memory, so that a chunk need not read and check the
 * thousand slots of its shard to find its own.
 */
export const readFrozen = async <T>(stage: Stage, name: string, schema: Schema<T>): Promise<T | undefined> => {
  const { objects } = stage.ports
  const kept = known.get(objects) ?? new Map<string, unknown>()
  known.set(objects, kept)
  const key = `${stage.settings.bucket}/${name}`
  const document = (kept.get(key) as T | undefined) ?? (await readDocument(stage, name, schema))
  if (document === undefined) return undefined
  kept.delete(key)
  kept.set(key, document)
  for (const oldest of kept.keys()) {
    if (kept.size <= KEPT) break
    kept.delete(oldest)
  }
  return document
}

/** Creates the document unless it is there, and gives what stands there then: one's own, or the winner's. */
export const createDocument = async <T>(stage: Stage, name: string, schema: Schema<T>, value: T): Promise<T> => {
  const body: ObjectBody = Buffer.from(JSON.stringify(value))
  const put = await stage.ports.objects.put(inBucket(stage, name), body, {
    ifGeneration: null,
    contentType: 'application/json',
  })
  if (put.outcome === 'written') return value
  const standing = await readDocument(stage, name, schema)
  if (!standing)
    throw new NotFoundError(`${name} was there and is gone: objects of a run are never deleted while it runs`)
  return standing
}

const readText = async (stage: Stage, ref: ObjectRef): Promise<string> => {
  const chunks: Uint8Array[] = []
  for await (const bytes of stage.ports.objects.read(ref)) chunks.push(bytes)
  return Buffer.concat(chunks).toString('utf8')
}

import type { BigIntStats } from 'node:fs'
import { constants } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { link, mkdir, open, realpath, rename, rm, stat, utimes } from 'node:fs/promises'
import { dirname, join, sep } from 'node:path'
import { ForbiddenError, NotFoundError } from '@convergence/core/errors.ts'
import type { ObjectBody, ObjectMeta, PutResult } from '@convergence/core/ports/object-store.ts'
import type { Random } from '@convergence/core/ports/random.ts'
import { fromFileError } from '../errors.ts'
import type { Bucket, ReadOptions } from './bucket.ts'
import { clampRange, readPieces, syncFolder, writeDurably } from './files.ts'
import { assertObjectName } from './folder-name.ts'
import { InTurn } from './in-turn.ts'
import { listNames } from './list-names.ts'

/** Another content has another generation; a changed mode has not. */
export const generationOf = ({ ino, size, mtimeNs }: Pick<BigIntStats, 'ino' | 'size' | 'mtimeNs'>): string =>
  `${ino.toString(36)}-${size.toString(36)}-${mtimeNs.toString(36)}`

export interface FolderBucketOptions {
  readonly bucket: string
  readonly path: string
  /** On the same file system; nothing in it is an object. */
  readonly temporaryPath: string
  readonly random: Random
}

/** A folder into which people drop files: each is an object, under its path. Links that lead out of it are refused. */
export class FolderBucket implements Bucket {
  readonly #options: FolderBucketOptions
  readonly #inTurn = new InTurn()
  #stamp = 0

  constructor(options: FolderBucketOptions) {
    this.#options = options
  }

  async put(name: string, body: ObjectBody, { ifGeneration }: { ifGeneration: string | null }): Promise<PutResult> {
    const { bucket, path, random, temporaryPath } = this.#options
    assertObjectName(bucket, name)
    const target = join(path, name)
    const temporary = join(temporaryPath, random.hex(16))
    try {
      await mkdir(temporaryPath, { recursive: true })
      await this.#makeFolder(dirname(target), name)
      const file = await writeDurably(temporary, body)
      await this.#stampTime(temporary)
      const stats = await this.#inTurn.run(name, () => this.#place(name, temporary, ifGeneration))
      if (stats === undefined) return { outcome: 'conflict' }
      return { outcome: 'written', meta: { ...this.#toMeta(name, stats), crc32c: file.crc32c } }
    } catch (error) {
      throw fromFileError(error, target)
    } finally {
      await rm(temporary, { force: true })
    }
  }

  /** File systems count time in ticks, and give a freed inode away at once: without this two contents could share a generation. */
  async #stampTime(path: string): Promise<void> {
    const { atimeMs, mtimeMs } = await stat(path)
    this.#stamp = (this.#stamp + 1) % 1_000
    await utimes(path, atimeMs / 1_000, Math.floor(mtimeMs) / 1_000 + this.#stamp / 1_000_000)
  }

  async #place(name: string, temporary: string, ifGeneration: string | null): Promise<BigIntStats | undefined> {
    const target = join(this.#options.path, name)
    if (ifGeneration === null) {
      try {
        await link(temporary, target)
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EEXIST') return undefined
        throw error
      }
    } else {
      if ((await this.head(name))?.generation !== ifGeneration) return undefined
      await rename(temporary, target)
    }
    await syncFolder(dirname(target))
    return stat(target, { bigint: true })
  }

  async head(name: string): Promise<ObjectMeta | undefined> {
    const stats = await this.#stat(name)
    return stats && this.#toMeta(name, stats)
  }

  async *read(name: string, options: ReadOptions): AsyncGenerator<Uint8Array> {
    const file = await this.#open(name)
    try {
      const stats = await file.stat({ bigint: true })
      const generation = generationOf(stats)
      if (options.generation !== undefined && generation !== options.generation) throw this.#changed(name)
      const { start, end } = clampRange(Number(stats.size), options)
      yield* readPieces(file, start, end)
      if (generationOf(await file.stat({ bigint: true })) !== generation) throw this.#changed(name)
    } finally {
      await file.close()
    }
  }

  async list(prefix: string, { after, limit }: { after: string; limit: number }) {
    const names = (await listNames(this.#options.path, prefix)).filter((name) => name > after)
    const objects: ObjectMeta[] = []
    for (const name of names) {
      const meta = await this.#headOrIgnore(name)
      if (meta) objects.push(meta)
      if (objects.length === limit) break
    }
    return { objects }
  }

  async delete(name: string, generation: string): Promise<boolean> {
    return this.#inTurn.run(name, async () => {
      const meta = await this.head(name)
      if (meta === undefined) return true
      if (meta.generation !== generation) return false
      await rm(join(this.#options.path, name), { force: true })
      await syncFolder(dirname(join(this.#options.path, name)))
      return true
    })
  }

  async #open(name: string): Promise<FileHandle> {
    const path = join(this.#options.path, name)
    if ((await this.#stat(name)) === undefined) throw this.#missing(name)
    try {
      // What was checked is what is opened: not a link that has come meanwhile, nor a pipe that would wait.
      return await open(await realpath(path), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    } catch (error) {
      throw fromFileError(error, path)
    }
  }

  /** Of a regular file; undefined when there is none. */
  async #stat(name: string): Promise<BigIntStats | undefined> {
    assertObjectName(this.#options.bucket, name)
    const path = join(this.#options.path, name)
    try {
      await this.#assertInside(path, name)
      const stats = await stat(path, { bigint: true })
      return stats.isFile() ? stats : undefined
    } catch (error) {
      if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code!)) return undefined
      throw fromFileError(error, path)
    }
  }

  async #headOrIgnore(name: string): Promise<ObjectMeta | undefined> {
    try {
      return await this.head(name)
    } catch (error) {
      if (error instanceof ForbiddenError) return undefined
      throw error
    }
  }

  async #assertInside(path: string, name: string): Promise<void> {
    const root = await realpath(this.#options.path)
    const real = await realpath(path)
    if (real !== root && !real.startsWith(root + sep))
      throw new ForbiddenError(
        `${this.#options.bucket}/${name} is a link out of the bucket's folder; copy the file there`,
      )
  }

  /** Link by link: none of them may be passed before it is checked. */
  async #makeFolder(folder: string, name: string): Promise<void> {
    if (folder === this.#options.path) {
      await mkdir(folder, { recursive: true })
      return
    }
    await this.#makeFolder(dirname(folder), name)
    try {
      await mkdir(folder)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    await this.#assertInside(folder, name)
  }

  #toMeta(name: string, stats: BigIntStats): ObjectMeta {
    return {
      bucket: this.#options.bucket,
      name,
      generation: generationOf(stats),
      size: Number(stats.size),
      updatedMs: Number(stats.mtimeMs),
    }
  }

  #missing(name: string): NotFoundError {
    const { bucket, path } = this.#options
    return new NotFoundError(`object ${bucket}/${name} is not there; its file would be ${join(path, name)}`)
  }

  #changed(name: string): NotFoundError {
    return new NotFoundError(
      `object ${this.#options.bucket}/${name} has changed since it was planned or while it was read`,
    )
  }
}

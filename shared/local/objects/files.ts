import type { FileHandle } from 'node:fs/promises'
import { copyFile, open, rename, rm } from 'node:fs/promises'
import { crc32c, crc32cText } from '@convergence/core/crc32c.ts'
import { UnavailableError } from '@convergence/core/errors.ts'
import type { ObjectBody } from '@convergence/core/ports/object-store.ts'

/** Small enough that the loop breathes between two. */
const PIECE_BYTES = 256 * 1024

/** Bytes [start, end) of an open file. Throws UnavailableError when it ends before. */
export async function* readPieces(file: FileHandle, start: number, end: number): AsyncGenerator<Uint8Array> {
  for (let at = start; at < end;) {
    const piece = Buffer.allocUnsafe(Math.min(PIECE_BYTES, end - at))
    const { bytesRead } = await file.read(piece, 0, piece.length, at)
    if (bytesRead === 0) throw new UnavailableError(`a file that should have ${end} bytes ends after ${at}`)
    yield piece.subarray(0, bytesRead)
    at += bytesRead
  }
}

/** The bytes of a range of `size` bytes that exist. */
export const clampRange = (size: number, { start = 0, end = size }: { start?: number; end?: number }) => ({
  start: Math.min(start, size),
  end: Math.min(end, size),
})

const openExisting = async (path: string, from: string): Promise<FileHandle> => {
  try {
    await rename(from, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error
    await copyFile(from, path)
    await rm(from)
  }
  return open(path, 'r+')
}

const openWithBytes = async (path: string, bytes: Uint8Array): Promise<FileHandle> => {
  const file = await open(path, 'wx')
  try {
    await file.writeFile(bytes)
    return file
  } catch (error) {
    await file.close()
    throw error
  }
}

const checksum = async (file: FileHandle, body: ObjectBody, size: number): Promise<string> => {
  if (body instanceof Uint8Array) return crc32cText(crc32c(body))
  let crc = 0
  for await (const piece of readPieces(file, 0, size)) crc = crc32c(piece, crc)
  return crc32cText(crc)
}

export interface WrittenFile {
  readonly size: number
  readonly crc32c: string
}

/** Makes the body a file that survives a power cut once its folder is synced too. A body that is a file is moved there. */
export const writeDurably = async (path: string, body: ObjectBody): Promise<WrittenFile> => {
  const file = await (body instanceof Uint8Array ? openWithBytes(path, body) : openExisting(path, body.path))
  try {
    const { size } = await file.stat()
    const [crc] = await Promise.all([checksum(file, body, size), file.sync()])
    return { size, crc32c: crc }
  } finally {
    await file.close()
  }
}

/** Makes the names in a folder durable. */
export const syncFolder = async (path: string): Promise<void> => {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

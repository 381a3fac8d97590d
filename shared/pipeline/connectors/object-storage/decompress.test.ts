import { gzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { DataRejectedError, LimitExceededError } from '@convergence/core/errors.ts'
import { decompress } from './decompress.ts'

async function* pieces(bytes: Uint8Array, size: number): AsyncIterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

const read = async (bytes: Uint8Array, { size = 7, maxBytes = 1e9 } = {}): Promise<string> => {
  const chunks: Uint8Array[] = []
  for await (const chunk of decompress(pieces(bytes, size), { origin: 'a.csv.gz', maxBytes })) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

const TEXT = 'id,name\n1,one\n2,two\n'.repeat(50)

describe('decompress', () => {
  it('knows gzip and zstd by their content, and lets everything else pass', async () => {
    expect(await read(gzipSync(TEXT))).toBe(TEXT)
    expect(await read(zstdCompressSync(TEXT))).toBe(TEXT)
    expect(await read(Buffer.from(TEXT), { size: 1 })).toBe(TEXT)
    expect(await read(Buffer.from('a'))).toBe('a')
    expect(await read(Buffer.alloc(0))).toBe('')
  })

  it('reads gzip files that were joined', async () => {
    expect(await read(Buffer.concat([gzipSync('a\n'), gzipSync('b\n')]))).toBe('a\nb\n')
  })

  it.each([
    ['gzip', gzipSync(TEXT)],
    ['zstd', zstdCompressSync(TEXT)],
  ])('says that %s data ends early', async (_name, bytes) => {
    await expect(read(bytes.subarray(0, bytes.length - 10))).rejects.toThrow(DataRejectedError)
    await expect(read(bytes.subarray(0, bytes.length - 10))).rejects.toThrow(
      /a\.csv\.gz: the (gzip|zstd) data (ends early|is corrupted); upload the file again/,
    )
  })

  it('says that data is corrupted', async () => {
    const bytes = gzipSync(TEXT)
    bytes.fill(0xff, 20, 40)
    await expect(read(bytes)).rejects.toThrow(/the gzip data is corrupted/)
  })

  it('refuses what was compressed twice, and what is larger than the limit', async () => {
    await expect(read(gzipSync(gzipSync(TEXT)))).rejects.toThrow(/compressed twice/)
    await expect(read(gzipSync(TEXT), { maxBytes: 100 })).rejects.toThrow(LimitExceededError)
    await expect(read(Buffer.from(TEXT), { maxBytes: 100 })).rejects.toThrow(LimitExceededError)
  })

  it('stops at a bomb', async () => {
    const bomb = gzipSync(Buffer.alloc(300 << 20))
    await expect(read(bomb, { size: 1 << 16 })).rejects.toThrow(/grows more than 300 times/)
  })

  it('gives the error of the source as it was', async () => {
    const broken = async function* () {
      yield gzipSync(TEXT).subarray(0, 20)
      throw new LimitExceededError('from the store')
    }
    await expect(async () => {
      for await (const _ of decompress(broken(), { origin: 'a', maxBytes: 1e9 }));
    }).rejects.toThrow('from the store')
  })
})

import { mkdir, readFile, utimes, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import pl from 'nodejs-polars'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { sourceSchema, type ObjectStorageSource } from '@convergence/core/config/source.ts'
import { operatorTenantSchema } from '@convergence/core/config/tenant.ts'
import { DataRejectedError, UnavailableError } from '@convergence/core/errors.ts'
import type { FileSlot } from '@convergence/core/file-slot.ts'
import type { ProcessCounts, TargetColumn } from '@convergence/core/ports/processor.ts'
import { systemClock } from '@convergence/local/clock.ts'
import { LocalDatabase } from '@convergence/local/database/database.ts'
import { FileObjectStore } from '@convergence/local/object-store.ts'
import { systemRandom } from '@convergence/local/random.ts'
import { TemporaryFolders } from '@convergence/local/testing/temporary-folders.ts'
import { PolarsProcessor } from '../../process/polars-processor.ts'
import { column, readParts } from '../../process/testing.ts'
import type { ConnectorContext, SlotPlan } from '../connector.ts'
import { objectStorageConnector as connector } from './connector.ts'
import { planFile } from './plan-file.ts'

const COLUMNS = [column('id', 'INT64'), column('name', 'STRING')]
const folders = new TemporaryFolders()
let processor: PolarsProcessor
let database: LocalDatabase
let objects: FileObjectStore
let uploads: string

beforeAll(async () => {
  processor = new PolarsProcessor({ children: 1, threads: 1, directory: await folders.make() })
  const folder = await folders.make()
  database = await LocalDatabase.open(join(folder, 'state.db'))
  objects = new FileObjectStore({ database, clock: systemClock, random: systemRandom, folder, platformBuckets: [] })
  uploads = join(folder, 'buckets')
})
afterAll(async () => {
  await processor.close()
  await database.close()
  await folders.remove()
})

let bucket = ''
let buckets = 0
beforeEach(() => {
  bucket = `uploads-${++buckets}`
})

const drop = async (name: string, content: string | Uint8Array): Promise<string> => {
  const path = join(uploads, bucket, name)
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, content)
  return path
}

type Context = ConnectorContext<ObjectStorageSource>
const none = undefined as never

const context = (file: object, operator: { prefixes?: string[]; limits?: object } = {}): Context => ({
  tenant: 'acme',
  source: sourceSchema.parse({
    source_id: 'bills',
    type: 'object_storage',
    bucket,
    files: { bill: { format: 'csv', glob: '**', ...file } },
  }) as ObjectStorageSource,
  resource: 'bill',
  operator: operatorTenantSchema.parse({
    buckets: [{ bucket, ...(operator.prefixes && { prefixes: operator.prefixes }) }],
    ...(operator.limits && { limits: operator.limits }),
  }),
  scope: {
    parameters: { day: '2026-01-31' },
    run: { id: 'r1', logicalTime: '2026-01-31T05:00:00Z' },
    timezone: 'UTC',
  },
  nameOf: (key) => key,
  objects,
  http: none,
  secrets: none,
  clock: systemClock,
  log: none,
})

const plan = async (of: Context): Promise<SlotPlan[]> => Array.fromAsync((await connector.plan(of)).slots)

interface Processed {
  readonly counts: ProcessCounts
  readonly rows: Record<string, unknown>[]
  readonly rejects: Record<string, unknown>[]
}

const read = async (
  of: Context,
  { slot }: SlotPlan,
  columns: readonly TargetColumn[] = COLUMNS,
): Promise<Processed> => {
  // A slot comes back from the state as JSON.
  const { input } = await connector.read(of, JSON.parse(JSON.stringify(slot)) as SlotPlan['slot'])
  const result = await processor.process({ input, columns, ignored: [], constants: [], rejectConstants: [] })
  const answer = {
    counts: result.counts,
    rows: readParts(result.parts).rows,
    rejects: readParts(result.rejects).rows,
  }
  await result.release()
  return answer
}

const readAll = async (of: Context): Promise<Record<string, unknown>[]> => {
  const rows: Record<string, unknown>[] = []
  for (const slot of await plan(of)) rows.push(...(await read(of, slot)).rows)
  return rows
}

describe('a plan', () => {
  it('has a slot for each file that matches, by name, pinned by its generation', async () => {
    for (const name of ['2026-01-31/b.csv', '2026-01-31/a.csv', '2026-01-30/a.csv', '2026-01-31/a.txt'])
      await drop(name, 'id,name\n1,x\n')
    const slots = await plan(context({ glob: '{{ parameters.day }}/*.csv' }))
    expect(slots.map(({ label, bytes }) => [label, bytes])).toEqual([
      ['2026-01-31/a.csv', 12],
      ['2026-01-31/b.csv', 12],
    ])
    for (const { slot, label } of slots)
      expect(slot).toEqual({
        name: label,
        size: 12,
        generation: (await objects.head({ bucket, name: label }))?.generation,
      })
  })

  it('fails where nothing matches, unless nothing is a result', async () => {
    await drop('a.txt', 'x')
    await expect(plan(context({ glob: '*.csv' }))).rejects.toThrow(/no object of bucket uploads-\d+ matches '\*\.csv'/)
    expect(await plan(context({ glob: '*.csv', allow_empty: true }))).toEqual([])
  })

  it('leaves out an empty file only where nothing is a result', async () => {
    await drop('a.csv', '')
    await drop('b.csv', 'id,name\n1,x\n')
    expect((await plan(context({ allow_empty: true }))).map(({ label }) => label)).toEqual(['b.csv'])
    const [empty] = await plan(context({}))
    await expect(read(context({}), empty!)).rejects.toThrow(/a\.csv: empty file/)
  })

  it('refuses a file above the operator’s limit and names both sizes', async () => {
    await drop('a.csv', `id,name\n1,${'x'.repeat(2_000)}\n`)
    await expect(plan(context({}, { limits: { max_file: '1KB' } }))).rejects.toThrow(
      /a\.csv has 2011 bytes, the operator's limit for one file is \d+ \(limits\.max_file in configs\/_platform\/tenants\/acme\.yml\)/,
    )
  })

  it.each([
    [['bills/'], '*.csv', /the glob begins with '', which .*acme\.yml does not allow; it allows bills\//],
    [['bills/'], 'bill*/a.csv', /the glob begins with 'bill'/],
    [['bills/'], 'others/a.csv', /the glob begins with 'others\/a\.csv'/],
  ])('refuses what the operator does not allow: %j, %s', async (prefixes, glob, message) => {
    await drop('bills/a.csv', 'id,name\n1,x\n')
    await expect(plan(context({ glob }, { prefixes }))).rejects.toThrow(message)
    expect(await plan(context({ glob: 'bills/**' }, { prefixes }))).toHaveLength(1)
  })

  it('refuses a bucket that is not the tenant’s, and a slot whose permission was taken back', async () => {
    await drop('bills/a.csv', 'id,name\n1,x\n')
    const [slot] = await plan(context({ glob: 'bills/**' }))
    const other = { ...context({}), operator: operatorTenantSchema.parse({ buckets: [{ bucket: 'other-bucket' }] }) }
    await expect(plan(other)).rejects.toThrow(/bucket uploads-\d+ is not one of the buckets of/)
    await expect(read(context({}, { prefixes: ['invoices/'] }), slot!)).rejects.toMatchObject({ code: 'FORBIDDEN' })
  })
})

describe('a large file', () => {
  const ROWS = 30_000
  /** Row 700 and the last one are bad; names hold line ends, quotes and commas. */
  const rows = Array.from({ length: ROWS }, (_, i) => ({
    id: i === 699 || i === ROWS - 1 ? `bad${i + 1}` : String(i + 1),
    name: i % 7 === 0 ? `a\nb "${i}", c` : `name ${i} ${'.'.repeat(25)}`,
  }))
  const quoted = (text: string): string => (/[\n",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
  const csv = `id,name\n${rows.map(({ id, name }) => `${id},${quoted(name)}\n`).join('')}`
  const ndjson = rows.map((row) => `${JSON.stringify(row)}\n`).join('')

  it.each([
    ['csv', csv, 8],
    ['csv', `\uFEFF${csv.replaceAll('\n', '\r\n')}`, 12],
    ['ndjson', ndjson, 0],
  ])('of %s is read in slices whose rows add up, with their own numbers', async (format, text, headerBytes) => {
    await drop('big', text)
    const of = context({ format })
    const file = (await objects.head({ bucket, name: 'big' }))!
    const slots = await Array.fromAsync(planFile(objects, file, of.source.files['bill']!, 4_096))
    // A slice is never smaller than what the store gives at once.
    expect(slots.length).toBeGreaterThan(3)
    const own = slots.map(({ slot }) => (slot as FileSlot).slice!)
    expect([own[0]?.start, own.at(-1)?.end]).toEqual([headerBytes, file.size])
    expect(own.slice(1).map(({ start }) => start)).toEqual(own.slice(0, -1).map(({ end }) => end))
    const processed = []
    for (const slot of slots) processed.push(await read(of, slot))
    const good = processed.flatMap((one) => one.rows)
    const expected = rows.filter(({ id }) => !id.startsWith('bad'))
    const lines = (value: unknown): string => String(value).replaceAll('\r\n', '\n')
    expect(good.map(({ id, name }) => ({ id, name: lines(name) }))).toEqual(expected)
    expect(processed.flatMap(({ rejects }) => rejects).map(({ position, value }) => [position, value])).toEqual([
      ['700', 'bad700'],
      [String(ROWS), `bad${ROWS}`],
    ])
    expect(processed.reduce((sum, { counts }) => sum + counts.fetched, 0)).toBe(ROWS)
  })

  it('that is compressed, or of a format that cannot be cut, is one slot', async () => {
    await drop('big.csv', zstdCompressSync(csv, {}))
    await drop('big.json', JSON.stringify(rows))
    for (const [name, format] of [
      ['big.csv', 'csv'],
      ['big.json', 'json'],
    ] as const) {
      const of = context({ format, glob: name })
      const file = (await objects.head({ bucket, name }))!
      const slots = await Array.fromAsync(planFile(objects, file, of.source.files['bill']!, 1_024))
      expect(slots.map(({ label }) => label)).toEqual([name])
      expect((await read(of, slots[0]!)).counts).toEqual({
        fetched: ROWS,
        accepted: ROWS - 2,
        rejected: 2,
        filtered: 0,
      })
    }
  })

  it('that is replaced after its plan fails each of its slots, whole or slice', async () => {
    const path = await drop('big', csv)
    const of = context({})
    const file = (await objects.head({ bucket, name: 'big' }))!
    const slices = await Array.fromAsync(planFile(objects, file, of.source.files['bill']!, 4_096))
    const [whole] = await plan(of)
    await writeFile(path, csv.replace('name 1', 'name X'))
    await utimes(path, new Date(), new Date(file.updatedMs + 5_000))
    for (const slot of [whole!, slices[0]!, slices.at(-1)!])
      await expect(read(of, slot)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })
})

describe('a file is read by its content', () => {
  const csv = 'id,name\n1,x\n2,y\n'
  it.each<[string, string, string | Uint8Array]>([
    ['gzip named .csv', 'a.csv', gzipSync(csv)],
    ['zstd named .gz', 'a.csv.gz', zstdCompressSync(csv)],
    ['plain text named .gz', 'b.csv.gz', csv],
    ['two gzip members', 'c.csv', Buffer.concat([gzipSync('id,name\n1,x\n'), gzipSync('2,y\n')])],
    ['with a byte order mark', 'd.csv', `\uFEFF${csv}`],
    ['with CRLF and no end of line at its end', 'e.csv', csv.replaceAll('\n', '\r\n').slice(0, -2)],
  ])('%s', async (_title, name, content) => {
    await drop(name, content)
    expect(await readAll(context({}))).toEqual([
      { id: '1', name: 'x' },
      { id: '2', name: 'y' },
    ])
  })

  it.each(['id,name', 'id,name\n', '\uFEFFid,name\r\n'])('%j has no rows', async (content) => {
    await drop('a.csv', content)
    const [slot] = await plan(context({}))
    expect((await read(context({}), slot!)).counts).toEqual({ fetched: 0, accepted: 0, rejected: 0, filtered: 0 })
  })

  it.each<[string, Uint8Array]>([
    ['gzip', gzipSync(csv.repeat(500)).subarray(0, -9)],
    ['zstd', zstdCompressSync(csv.repeat(500)).subarray(0, -4)],
  ])('%s that ends early is rejected as a whole', async (_title, content) => {
    await drop('a.csv', content)
    const [slot] = await plan(context({}))
    await expect(read(context({}), slot!)).rejects.toThrow(DataRejectedError)
  })

  it('what grows beyond the limit is refused, however small it was', async () => {
    await drop('a.csv.gz', gzipSync(`id,name\n${'1,x\n'.repeat(100_000)}`))
    const of = context({}, { limits: { max_file: '100KB' } })
    const [slot] = await plan(of)
    await expect(read(of, slot!)).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' })
  })
})

describe('Parquet', () => {
  const ROWS = 3_000
  let whole: Buffer
  beforeAll(async () => {
    const path = join(await folders.make(), 'whole.parquet')
    const ids = Array.from({ length: ROWS }, (_, i) => i)
    pl.DataFrame({ id: pl.Series('id', ids, pl.Int64), name: ids.map((id) => `name ${id % 100}`) }).writeParquet(path)
    whole = await readFile(path)
  })

  const parquet = async (bytes: Uint8Array): Promise<Processed> => {
    await drop('a.parquet', bytes)
    const of = context({ format: 'parquet' })
    const [slot] = await plan(of)
    return read(of, slot!)
  }

  it('is read whole, whatever its name', async () => {
    const { rows, counts } = await parquet(whole)
    expect(counts).toEqual({ fetched: ROWS, accepted: ROWS, rejected: 0, filtered: 0 })
    expect(rows.at(-1)).toEqual({ id: String(ROWS - 1), name: 'name 99' })
  })

  /** Thousandths of the file, from its first bytes to its footer. */
  const places = Array.from({ length: 14 }, (_, i) => 3 + i * 76)
  const damaged: [string, () => Uint8Array][] = [
    ['is text', () => Buffer.from('id,name\n1,x\n')],
    [
      'is random bytes between marks',
      () => Buffer.concat([Buffer.from('PAR1'), Buffer.alloc(500, 0xa7), Buffer.from('PAR1')]),
    ],
    ['has no footer', () => whole.subarray(0, whole.length - 8)],
    ['has half of its bytes', () => whole.subarray(0, whole.length >> 1)],
    ['lacks its beginning', () => whole.subarray(100)],
    ['says that its footer is larger than the file', () => withBytes(whole.length - 8, [0xff, 0xff, 0xff, 0x7f])],
    ...places.map((place): [string, () => Uint8Array] => [
      `has a flipped bit after ${place} thousandths`,
      () => {
        const at = Math.floor((place / 1_000) * whole.length)
        return withBytes(at, [(whole[at] ?? 0) ^ (1 << (place % 8))])
      },
    ]),
  ]
  const withBytes = (at: number, bytes: readonly number[]): Buffer => {
    const copy = Buffer.from(whole)
    copy.set(bytes, at)
    return copy
  }

  it.each(damaged)('that %s is told, or gives as many rows as it has', async (title, make) => {
    const outcome = await parquet(make()).catch((error: unknown) => error)
    if (outcome instanceof DataRejectedError || outcome instanceof UnavailableError) return
    if (outcome instanceof Error) throw outcome
    expect(title).toContain('flipped')
    const { counts, rows } = outcome as Processed
    expect(counts.fetched).toBe(ROWS)
    expect(counts.accepted + counts.rejected).toBe(ROWS)
    expect(rows).toHaveLength(counts.accepted)
  })
})

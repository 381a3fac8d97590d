import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DataRejectedError, InvalidConfigError, UnavailableError } from '@convergence/core/errors.ts'
import { PolarsProcessor } from './polars-processor.ts'
import { column, CSV, readParts, request } from './testing.ts'

const COLUMNS = [column('id', 'INT64'), column('name', 'STRING')]
let directory: string
let processor: PolarsProcessor
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'process-test-'))
  processor = new PolarsProcessor({ children: 1, directory })
})
afterAll(async () => {
  await processor.close()
  await rm(directory, { recursive: true })
})

const run = async (content: string | Uint8Array, more: Parameters<typeof request>[2] = {}, columns = COLUMNS) => {
  const result = await processor.process(request(content, columns, more))
  const answer = {
    counts: result.counts,
    rows: readParts(result.parts).rows,
    rejects: readParts(result.rejects).rows,
    result,
  }
  await result.release()
  return answer
}

describe('a file that is unusable as a whole', () => {
  it.each<[string, string | Uint8Array, RegExp]>([
    ['is empty', '', /^bills\/a\.csv: empty file/],
    ['is empty but for blank lines', '\n\r\n', /empty file/],
    ['names a column twice', 'id,name,id\n1,a,2\n', /columns 1 and 3 are both named 'id'/],
    ['has a column without a name', 'id,,name\n1,a,b\n', /column 2 has an empty name in the header \(after 'id'\)/],
    ['has two columns without names', 'id,,\n1,a,b\n', /column 2 has an empty name in the header, and so has column 3/],
    ['is UTF-16', Buffer.from('\uFEFFid,name\n1,a\n', 'utf16le'), /UTF-16; save it as UTF-8/],
    [
      'is UTF-16 without a mark',
      Buffer.from('id,name\n1,a\n', 'utf16le'),
      /the header holds NUL bytes; is the file UTF-16/,
    ],
    ['has a header in Latin-1', Buffer.from('id,größe\n1,a\n', 'latin1'), /the header is not UTF-8/],
    ['ends its lines with CR', 'id,name\r1,a\r2,b\r', /lines end with CR alone/],
    ['never closes a quote', 'id,name\n1,a\n2,"b\n3,c\n', /the quote that opens in record 2 is never closed/],
  ])('%s: a DataRejectedError says so', async (_title, content, message) => {
    await expect(run(content)).rejects.toThrow(DataRejectedError)
    await expect(run(content)).rejects.toThrow(message)
    expect(await readdir(directory)).toEqual([])
  })

  it('is no Parquet', async () => {
    await expect(run('PAR1 this is garbage', { format: { format: 'parquet' } })).rejects.toThrow(
      /not a Parquet file that can be read/,
    )
  })
})

describe('rows that are bad', () => {
  it('are rejected with their position when they have too many or too few fields, or text behind a quote', async () => {
    const { counts, rows, rejects } = await run('id,name\n1,a\n2,b,c\n3\n4,"d"e\n\n5,f\n')
    expect(counts).toEqual({ fetched: 5, accepted: 2, rejected: 3, filtered: 0 })
    expect(rows).toEqual([
      { id: '1', name: 'a' },
      { id: '5', name: 'f' },
    ])
    expect(rejects.map(({ position, reason }) => [position, reason])).toEqual([
      ['2', 'the record has 3 fields, 2 fields were expected'],
      ['3', 'the record has 1 field, 2 fields were expected'],
      ['4', 'field 2 has text after its closing quote'],
    ])
  })

  it('are rejected when they hold a NUL byte or are not UTF-8', async () => {
    const content = Buffer.concat([
      Buffer.from('id,name\n1,a\n2,b\0c\n3,'),
      Buffer.from([0xff, 0xfe]),
      Buffer.from('\n4,é\n'),
    ])
    const { counts, rejects, rows } = await run(content)
    expect(counts).toEqual({ fetched: 4, accepted: 2, rejected: 2, filtered: 0 })
    expect(rows.at(-1)).toEqual({ id: '4', name: 'é' })
    expect(rejects.map(({ position, reason }) => [position, reason])).toEqual([
      ['2', 'the record holds a NUL byte'],
      ['3', 'the record is not UTF-8; save the file as UTF-8'],
    ])
  })

  it('are counted whole when all are bad, and leave no part', async () => {
    const { counts, result } = await run('id,name\nx,a\ny,b\n')
    expect(counts).toEqual({ fetched: 2, accepted: 0, rejected: 2, filtered: 0 })
    expect(result.parts).toEqual([])
    expect(result.samples).toMatchObject([{ position: 1, column: 'id', value: 'x' }, { position: 2 }])
  })

  it('are rejected when a REQUIRED column is NULL or not in the file', async () => {
    const required = [column('id', 'INT64', { mode: 'REQUIRED' }), column('name', 'STRING')]
    expect((await run('id,name\n,a\n2,\n', {}, required)).rejects).toMatchObject([
      { position: '1', column: 'id', value: null, reason: 'NULL in a REQUIRED column' },
    ])
    expect((await run('name\na\n', {}, required)).counts).toMatchObject({ accepted: 0, rejected: 1 })
  })
})

describe('files that are only unusual', () => {
  it('begin with a byte order mark, end lines with CRLF, or end without one', async () => {
    for (const content of ['\uFEFFid,name\r\n1,a\r\n2,\r\n', 'id,name\n1,a\n2,', '\uFEFFid,name\r\n1,"a"\r\n2,\r\n'])
      expect((await run(content)).rows).toEqual([
        { id: '1', name: 'a' },
        { id: '2', name: null },
      ])
  })

  it('have no rows: nothing is written, nothing is wrong', async () => {
    const { counts, result } = await run('id,name\n')
    expect(counts).toEqual({ fetched: 0, accepted: 0, rejected: 0, filtered: 0 })
    expect(result.parts).toEqual([])
  })

  it('hold a field of 10 MB, quoted or not', async () => {
    const large = 'x'.repeat(10 << 20)
    const { rows } = await run(`id,name\n1,${large}\n2,"${large}\n"\n3,c\n`)
    expect(rows.map((row) => String(row['name']).length)).toEqual([large.length, large.length + 1, 1])
  })

  it('hold a field of 10 MB that does not fit its column: the row is rejected', async () => {
    const large = '9'.repeat(10 << 20)
    for (const field of [large, `"${large}"`]) {
      const { counts, rejects } = await run(`id,name\n${field},a\n2,b\n`)
      expect(counts).toEqual({ fetched: 2, accepted: 1, rejected: 1, filtered: 0 })
      expect(rejects[0]).toMatchObject({ position: '1', column: 'id' })
    }
  })

  it('keep NULL and the empty text apart, and take other texts for NULL only where they are not quoted', async () => {
    expect((await run('id,name\n1,\n2,""\n')).rows.map((row) => row['name'])).toEqual([null, ''])
    const format = { ...CSV, nullValues: ['NULL', '\\N'] }
    expect((await run('id,name\n1,\n2,NULL\n\\N,x\n', { format })).rows).toEqual([
      { id: '1', name: '' },
      { id: '2', name: null },
      { id: null, name: 'x' },
    ])
    expect((await run('id,name\n1,"NULL"\n2,NULL\n', { format })).rows.map((row) => row['name'])).toEqual([
      'NULL',
      null,
    ])
  })

  it('are delimited and quoted otherwise, or not quoted at all', async () => {
    expect(
      (await run("id;name\n1;'a;''b'\n2;\"\n", { format: { ...CSV, delimiter: ';', quote: "'" } })).rows.map(
        (row) => row['name'],
      ),
    ).toEqual(["a;'b", '"'])
    expect(
      (await run('id\tname\n1\t"a\n2\t\u0001b\n', { format: { ...CSV, delimiter: '\t', quote: '' } })).rows.map(
        (row) => row['name'],
      ),
    ).toEqual(['"a', '\u0001b'])
  })

  it('have a quote in the middle of a field, a column that nobody knows, and one that is missing', async () => {
    const { rows, result } = await run('id,other,skipped\n1,5" screen,x\n', { ignored: ['skipped'] })
    expect(rows).toEqual([{ id: '1', name: null }])
    expect(result.unknownColumns).toEqual(['other'])
    expect((await run('name,id\n5" screen,1\n')).rows).toEqual([{ id: '1', name: '5" screen' }])
  })

  it('have one column, whose blank lines are NULL', async () => {
    expect((await run('name\na\n\n"b"\n\n', {}, [column('name', 'STRING')])).rows.map((row) => row['name'])).toEqual([
      'a',
      null,
      'b',
      null,
    ])
  })
})

describe('the processor', () => {
  it('refuses a column that it cannot type, by name', async () => {
    await expect(run('id,name\n1,a\n', {}, [column('id', 'STRUCT')])).rejects.toThrow(InvalidConfigError)
  })

  it('loses one job to a child that dies, and answers the next with a new one', async () => {
    const worker = join(directory, '..', `dying-worker-${process.pid}.mjs`)
    const { writeFile } = await import('node:fs/promises')
    await writeFile(
      worker,
      'process.on("message", () => { process.stderr.write("thread panicked at x.rs:1:1\\nno good\\n"); process.abort() })',
    )
    const dying = new PolarsProcessor({ children: 1, directory, worker })
    await expect(dying.process(request('id,name\n1,a\n', COLUMNS))).rejects.toThrow(UnavailableError)
    await expect(dying.process(request('id,name\n1,a\n', COLUMNS))).rejects.toThrow(
      /bills\/a\.csv: the process that reads it ended by SIGABRT/,
    )
    await dying.close()
    await rm(worker)
    expect((await readdir(directory)).length).toBe(0)
  })
})
